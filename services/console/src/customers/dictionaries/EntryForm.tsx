import { Button, ColorPicker, Flex, Form, Input, InputNumber, Tag } from "antd";
import { useTranslation } from "react-i18next";
import type { DictionaryEntry } from "@/api/types";
import { changedFields } from "@/shared/changes";
import { FormDrawer } from "@/shared/FormDrawer";
import { useNotices } from "@/shared/notices";
import { createEntry, updateEntry, useDictionaryChanged } from "./api";

interface EntryFormProps {
  dictionary: string;
  /** Left out: a new one, under `parentCode` in a tree. */
  entry: DictionaryEntry | undefined;
  parentCode?: string;
  nextPosition?: number;
  open: boolean;
  onClose: () => void;
}

type Values = Pick<DictionaryEntry, "code" | "nameZh" | "nameEn" | "position" | "color">;

const presets = ["gold", "orange", "volcano", "red", "magenta", "purple", "geekblue", "blue", "cyan", "green", "lime", "default"];

export function EntryForm({ dictionary, entry, parentCode = "", nextPosition = 0, open, onClose }: EntryFormProps) {
  const { t } = useTranslation();
  const notices = useNotices();
  const changed = useDictionaryChanged();
  const before: Values = entry
    ? { code: entry.code, nameZh: entry.nameZh, nameEn: entry.nameEn, position: entry.position, color: entry.color }
    : { code: "", nameZh: "", nameEn: "", position: nextPosition, color: "" };
  const required = { required: true, message: t("common.required") };

  const save = async (values: Values) => {
    if (entry) {
      const changes = changedFields<Values>(before, { ...before, ...values });
      if (Object.keys(changes).length === 0) return;
      await updateEntry(dictionary, entry.code, { ...changes, etag: entry.etag });
    } else {
      await createEntry(dictionary, { ...before, ...values, parentCode });
    }
    notices.done(t("common.saved"));
    await changed();
  };
  return (
    <FormDrawer<Values> open={open} record={entry} title={entry ? entry.nameZh : t("settings.entry.add")} initialValues={before} onClose={onClose} onSubmit={save} testId="entry-form">
      <Form.Item name="code" label={t("settings.code")} tooltip={t("settings.entry.codeHint")} rules={[required, { pattern: /^[A-Za-z0-9_.-]{1,32}$/, message: t("settings.entry.codeHint") }]}>
        <Input maxLength={32} disabled={entry !== undefined} />
      </Form.Item>
      <Form.Item name="nameZh" label={t("settings.nameZh")} rules={[required]}>
        <Input maxLength={64} />
      </Form.Item>
      <Form.Item name="nameEn" label={t("settings.nameEn")}>
        <Input maxLength={64} />
      </Form.Item>
      <Form.Item name="position" label={t("settings.position")}>
        <InputNumber min={0} max={1_000_000} precision={0} style={{ width: "100%" }} />
      </Form.Item>
      <Form.Item name="color" label={t("settings.entry.color")}>
        <ColorChoice />
      </Form.Item>
    </FormDrawer>
  );
}

function ColorChoice({ id, value = "", onChange }: { id?: string; value?: string; onChange?: (color: string) => void }) {
  const { t } = useTranslation();
  const custom = value.startsWith("#");
  return (
    <Flex gap={6} wrap align="center" id={id} role="radiogroup" aria-label={t("settings.entry.color")}>
      {presets.map((preset) => {
        const color = preset === "default" ? "" : preset;
        return (
          <Button key={preset} type="text" size="small" role="radio" aria-checked={value === color} aria-label={preset} onClick={() => onChange?.(color)} style={{ padding: 3, outline: value === color ? "2px solid var(--ant-color-primary)" : undefined }}>
            <Tag color={preset} style={{ margin: 0, width: 34, textAlign: "center" }}>
              Aa
            </Tag>
          </Button>
        );
      })}
      <ColorPicker disabledAlpha format="hex" value={custom ? value : null} onChangeComplete={(color) => onChange?.(color.toHexString().slice(0, 7))} />
    </Flex>
  );
}
