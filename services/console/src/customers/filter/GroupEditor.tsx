import { DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { Button, Flex, Segmented, Typography, theme } from "antd";
import { useTranslation } from "react-i18next";
import type { Attribute } from "../attributes";
import { ConditionRow } from "./ConditionRow";
import { conditionOn, type FilterNode, type Group } from "./model";

interface GroupEditorProps {
  group: Group;
  attributes: Attribute[];
  onChange: (group: Group) => void;
  /** Left out for the outermost group, which can't be removed. */
  onRemove?: () => void;
  depth?: number;
}

const deepest = 3;

export function GroupEditor({ group, attributes, onChange, onRemove, depth = 0 }: GroupEditorProps) {
  const { t } = useTranslation();
  const { token } = theme.useToken();
  const replace = (place: number, node: FilterNode) =>
    onChange({ ...group, children: group.children.map((child, index) => (index === place ? node : child)) });
  const remove = (place: number) => onChange({ ...group, children: group.children.filter((_, index) => index !== place) });
  const add = (node: FilterNode) => onChange({ ...group, children: [...group.children, node] });
  const first = attributes[0];

  return (
    <Flex
      vertical
      gap={10}
      role="group"
      aria-label={t(group.join === "AND" ? "customers.filter.allOf" : "customers.filter.anyOf")}
      style={{
        borderInlineStart: `3px solid ${group.join === "AND" ? token.colorPrimaryBorder : token.colorWarningBorder}`,
        paddingInlineStart: 12,
        paddingBlock: depth > 0 ? 6 : 0,
      }}
    >
      <Flex align="center" justify="space-between">
        <Flex align="center" gap={8}>
          <Typography.Text type="secondary">{t("customers.filter.match")}</Typography.Text>
          <Segmented<Group["join"]>
            size="small"
            value={group.join}
            onChange={(join) => onChange({ ...group, join })}
            options={[
              { value: "AND", label: t("customers.filter.allOf") },
              { value: "OR", label: t("customers.filter.anyOf") },
            ]}
          />
        </Flex>
        {onRemove && <Button type="text" size="small" icon={<DeleteOutlined />} onClick={onRemove} aria-label={t("customers.filter.removeGroup")} title={t("customers.filter.removeGroup")} />}
      </Flex>
      {group.children.map((child, place) =>
        child.type === "condition" ? (
          <ConditionRow key={place} condition={child} attributes={attributes} onChange={(next) => replace(place, next)} onRemove={() => remove(place)} />
        ) : (
          <GroupEditor key={place} group={child} attributes={attributes} onChange={(next) => replace(place, next)} onRemove={() => remove(place)} depth={depth + 1} />
        ),
      )}
      {first && (
        <Flex gap={8}>
          <Button size="small" icon={<PlusOutlined />} onClick={() => add(conditionOn(first))} data-testid={depth === 0 ? "add-condition" : undefined}>
            {t("customers.filter.addCondition")}
          </Button>
          {depth < deepest && (
            <Button size="small" type="text" icon={<PlusOutlined />} onClick={() => add({ type: "group", join: group.join === "AND" ? "OR" : "AND", children: [conditionOn(first)] })}>
              {t("customers.filter.addGroup")}
            </Button>
          )}
        </Flex>
      )}
    </Flex>
  );
}
