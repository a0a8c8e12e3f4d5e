import { Form, Input, InputNumber, Select, Switch, Typography } from "antd";
import { useTranslation } from "react-i18next";
import type { Parameter } from "@/api/types";
import { FormDrawer } from "@/shared/FormDrawer";
import { useNotices } from "@/shared/notices";
import { updateParameter, useParametersChanged } from "./api";
import { choiceText, durationText, inSeconds, valueText } from "./values";

interface ParameterFormProps {
  parameter: Parameter | undefined;
  description: string;
  onClose: () => void;
}

interface Values {
  value: string | number | boolean | null;
}

export function ParameterForm({ parameter, description, onClose }: ParameterFormProps) {
  const { t } = useTranslation();
  const notices = useNotices();
  const changed = useParametersChanged();
  if (!parameter) return null;
  const submit = async ({ value }: Values) => {
    const text = typeof value === "string" ? value.trim() : String(value ?? "");
    if (text !== parameter.value || !parameter.set) await updateParameter(parameter.name, text, parameter.etag);
    notices.done(t("common.saved"));
    await changed();
  };
  return (
    <FormDrawer<Values> open title={t("administration.parameter.edit")} size={440} initialValues={{ value: typed(parameter) }} onClose={onClose} onSubmit={submit} testId="parameter-form">
      <Typography.Paragraph>{description}</Typography.Paragraph>
      <Editor parameter={parameter} />
      <Typography.Text type="secondary">
        {t("administration.parameter.default")}: {valueText(t, parameter, parameter.defaultValue)}
      </Typography.Text>
    </FormDrawer>
  );
}

function typed({ type, value }: Parameter): Values["value"] {
  if (type === "PARAMETER_TYPE_INTEGER") return Number(value);
  return type === "PARAMETER_TYPE_BOOLEAN" ? value === "true" : value;
}

function Editor({ parameter }: { parameter: Parameter }) {
  const { t } = useTranslation();
  const value = Form.useWatch<Values["value"]>("value");
  const label = t("administration.parameter.value");
  const seconds = inSeconds(parameter.name);
  const min = Number(parameter.min);
  const max = Number(parameter.max);
  switch (parameter.type) {
    case "PARAMETER_TYPE_INTEGER":
      return (
        <Form.Item
          name="value"
          label={label}
          rules={[{ required: true, message: t("common.required") }]}
          extra={
            <>
              {t("administration.parameter.range", { min: min.toLocaleString(), max: max.toLocaleString() })}
              {seconds && typeof value === "number" && ` · ${durationText(t, value)}`}
            </>
          }
        >
          <InputNumber min={min} max={max} precision={0} suffix={seconds ? t("administration.parameter.seconds") : undefined} style={{ width: "100%" }} />
        </Form.Item>
      );
    case "PARAMETER_TYPE_BOOLEAN":
      return (
        <Form.Item name="value" label={label} valuePropName="checked">
          <Switch checkedChildren={t("common.yes")} unCheckedChildren={t("common.no")} />
        </Form.Item>
      );
    case "PARAMETER_TYPE_CHOICE":
      return (
        <Form.Item name="value" label={label}>
          <Select options={parameter.choices.map((choice) => ({ value: choice, label: choiceText(choice) }))} />
        </Form.Item>
      );
    default:
      return (
        <Form.Item name="value" label={label}>
          <Input maxLength={parameter.maxLength || 400} showCount />
        </Form.Item>
      );
  }
}
