import { useState } from "react";
import { ArrowDownOutlined, ArrowUpOutlined, SettingOutlined } from "@ant-design/icons";
import { Button, Checkbox, Flex, Popover, Typography } from "antd";
import { useTranslation } from "react-i18next";
import type { Attribute } from "../attributes";

interface ColumnChooserProps {
  attributes: Attribute[];
  chosen: string[];
  standard: readonly string[];
  /** The column that leads to the record; a list without it would be a dead end. */
  pinned: string;
  onChange: (paths: string[]) => void;
  compact: boolean;
}

export function ColumnChooser({ attributes, chosen, standard, pinned, onChange, compact }: ColumnChooserProps) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  const known = chosen.flatMap((path) => attributes.find((attribute) => attribute.maskPath === path) ?? []);
  const others = attributes.filter((attribute) => !chosen.includes(attribute.maskPath));
  const toggle = (path: string, on: boolean) => onChange(on ? [...chosen, path] : chosen.filter((other) => other !== path));
  const move = (place: number, step: number) => {
    const paths = known.map((attribute) => attribute.maskPath);
    const [path] = paths.splice(place, 1);
    if (path) paths.splice(place + step, 0, path);
    onChange(paths);
  };
  const content = (
    <Flex vertical gap={4} style={{ width: 260, maxHeight: "60vh", overflowY: "auto" }} data-testid="columns">
      {known.map((attribute, place) => (
        <Flex key={attribute.maskPath} align="center" justify="space-between">
          <Checkbox checked disabled={attribute.maskPath === pinned} onChange={() => toggle(attribute.maskPath, false)}>
            {attribute.label}
          </Checkbox>
          <span>
            <Button type="text" size="small" icon={<ArrowUpOutlined />} disabled={place === 0} onClick={() => move(place, -1)} aria-label={t("customers.list.moveUp", { name: attribute.label })} />
            <Button type="text" size="small" icon={<ArrowDownOutlined />} disabled={place === known.length - 1} onClick={() => move(place, 1)} aria-label={t("customers.list.moveDown", { name: attribute.label })} />
          </span>
        </Flex>
      ))}
      {others.length > 0 && <Typography.Text type="secondary">{t("customers.list.moreColumns")}</Typography.Text>}
      {others.map((attribute) => (
        <Checkbox key={attribute.maskPath} checked={false} onChange={() => toggle(attribute.maskPath, true)}>
          {attribute.label}
        </Checkbox>
      ))}
      <Button type="link" size="small" onClick={() => onChange([...standard])}>
        {t("common.reset")}
      </Button>
    </Flex>
  );
  return (
    <Popover trigger="click" open={open} onOpenChange={setOpen} content={content} title={t("customers.list.columns")} placement="bottomRight">
      <Button icon={<SettingOutlined />} aria-label={t("customers.list.columns")} title={t("customers.list.columns")}>
        {!compact && t("customers.list.columns")}
      </Button>
    </Popover>
  );
}
