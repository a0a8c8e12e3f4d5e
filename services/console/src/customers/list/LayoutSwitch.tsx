import { AppstoreOutlined, CalendarOutlined, TableOutlined } from "@ant-design/icons";
import { Flex, Segmented, Select } from "antd";
import { useTranslation } from "react-i18next";
import { usePhone } from "@/shared/usePhone";
import type { Attribute } from "../attributes";
import type { Layout } from "./state";

interface LayoutSwitchProps {
  layout: Layout;
  by: Attribute | undefined;
  /** What each layout can go by; one without a field is not offered. */
  fields: { board: Attribute[]; calendar: Attribute[] };
  onChange: (next: { layout: Layout; by: string }) => void;
}

/** Table, board or calendar, and the field that it goes by. */
export function LayoutSwitch({ layout, by, fields, onChange }: LayoutSwitchProps) {
  const { t } = useTranslation();
  const phone = usePhone();
  const icons = { table: <TableOutlined />, board: <AppstoreOutlined />, calendar: <CalendarOutlined /> };
  const offered = (["table", "board", "calendar"] as const).filter((one) => one === "table" || fields[one].length > 0);
  return (
    <Flex gap={8}>
      {layout !== "table" && (
        <Select
          aria-label={t("lists.layout.by")}
          value={by?.path}
          options={fields[layout].map(({ path, label }) => ({ value: path, label }))}
          onChange={(path: string) => onChange({ layout, by: path })}
          popupMatchSelectWidth={false}
          style={{ minWidth: 110 }}
        />
      )}
      <Segmented<Layout>
        value={layout}
        onChange={(next) => onChange({ layout: next, by: next === "table" ? "" : (fields[next][0]?.path ?? "") })}
        options={offered.map((one) => ({ value: one, icon: icons[one], label: phone ? undefined : t(`lists.layout.${one}`), title: t(`lists.layout.${one}`) }))}
        aria-label={t("lists.layout.title")}
        data-testid="layout"
      />
    </Flex>
  );
}
