import { FilterOutlined } from "@ant-design/icons";
import { Badge, Button } from "antd";
import { useTranslation } from "react-i18next";
import type { Attribute } from "../attributes";
import { kindLookup } from "./FilterDrawer";
import { conditionCount } from "./model";
import { fromText } from "./parse";

/** Opens the filter and says how many conditions are in force. */
export function FilterButton({ filter, attributes, onClick }: { filter: string; attributes: Attribute[]; onClick: () => void }) {
  const { t } = useTranslation();
  const group = filter ? fromText(filter, kindLookup(attributes)) : undefined;
  const count = group ? conditionCount(group) : filter ? 1 : 0;
  return (
    <Badge count={count} size="small" color="blue">
      <Button icon={<FilterOutlined />} onClick={onClick} data-testid="open-filter">
        {t("customers.filter.title")}
      </Button>
    </Badge>
  );
}
