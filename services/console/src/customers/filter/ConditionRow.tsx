import { DeleteOutlined } from "@ant-design/icons";
import { Button, Flex, InputNumber, Select } from "antd";
import type { TFunction } from "i18next";
import { useTranslation } from "react-i18next";
import type { Attribute } from "../attributes";
import { arityOf, conditionOn, operatorsOf, withOperator, type Condition, type Operator } from "./model";
import { ValueEditor } from "./ValueEditor";

interface ConditionRowProps {
  condition: Condition;
  attributes: Attribute[];
  onChange: (condition: Condition) => void;
  onRemove: () => void;
}

export function ConditionRow({ condition, attributes, onChange, onRemove }: ConditionRowProps) {
  const { t } = useTranslation();
  const attribute = attributes.find((candidate) => candidate.path === condition.path);
  const arity = arityOf(condition.operator);
  return (
    <Flex gap={8} wrap align="center" data-testid="condition">
      <Select
        aria-label={t("customers.filter.field")}
        value={condition.path}
        showSearch={{ optionFilterProp: "label" }}
        options={attributes.map(({ path, label }) => ({ value: path, label }))}
        onChange={(path: string) => {
          const next = attributes.find((candidate) => candidate.path === path);
          if (next) onChange(conditionOn(next));
        }}
        popupMatchSelectWidth={false}
        style={{ width: 150 }}
      />
      {attribute && (
        <Select<Operator>
          aria-label={t("customers.filter.operator")}
          value={condition.operator}
          options={operatorsOf(attribute.kind).map((operator) => ({ value: operator, label: operatorLabel(t, attribute, operator) }))}
          onChange={(operator) => onChange(withOperator(condition, operator))}
          popupMatchSelectWidth={false}
          style={{ width: 132 }}
        />
      )}
      <div style={{ flex: "1 1 180px", minWidth: 160 }}>
        {arity === "days" ? (
          <InputNumber
            aria-label={t("customers.filter.value")}
            min={0}
            max={36500}
            precision={0}
            value={Number(condition.values[0] ?? 30)}
            onChange={(days) => onChange({ ...condition, values: [String(days ?? 0)] })}
            suffix={t("customers.filter.days")}
            style={{ width: "100%" }}
          />
        ) : (
          attribute &&
          arity !== "none" && (
            <ValueEditor
              attribute={attribute}
              many={arity === "many"}
              within={condition.operator === "within"}
              values={condition.values}
              onChange={(values) => onChange({ ...condition, values })}
            />
          )
        )}
      </div>
      <Button type="text" icon={<DeleteOutlined />} onClick={onRemove} aria-label={t("customers.filter.removeCondition")} title={t("customers.filter.removeCondition")} />
    </Flex>
  );
}

/** Dates are "before" and "from" where numbers are "less than" and "at least". */
export function operatorLabel(t: TFunction, attribute: Attribute, operator: Operator): string {
  const isTime = attribute.kind === "date" || attribute.kind === "timestamp";
  if (isTime && (operator === "less" || operator === "lessOrEqual" || operator === "greater" || operator === "greaterOrEqual" || operator === "equals")) {
    return t(`customers.filter.timeOperators.${operator}`);
  }
  return t(`customers.filter.operators.${operator}`);
}
