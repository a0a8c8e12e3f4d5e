// Saved views: pick one, save what is shown as a new one, update or delete one's own.
import { useState } from "react";
import { DownOutlined, TagOutlined } from "@ant-design/icons";
import { useQueryClient } from "@tanstack/react-query";
import { Button, Dropdown, Form, Input, Modal, Switch, Tag, type MenuProps } from "antd";
import { useTranslation } from "react-i18next";
import { asProblem } from "@/api/problem";
import type { RecordKind, View, ViewInput } from "@/api/types";
import { useActs } from "@/shared/acts";
import { Authors } from "@/shared/Authors";
import { useNotices } from "@/shared/notices";
import { FormFault } from "@/shared/FormFault";
import { showViolations } from "@/shared/violations";
import { createView, deleteView, updateView } from "../api";

export interface Shown {
  filter: string;
  orderBy: string;
  columns: string[];
  layout: ViewInput["layout"];
  layoutField: string;
}

interface ViewMenuProps {
  views: View[];
  current: View | undefined;
  shown: Shown;
  changed: boolean;
  onPick: (id: string | undefined) => void;
  recordKind?: RecordKind;
  /** What the list is called without a view. */
  allText?: string;
}

export function ViewMenu({ views, current, shown, changed, onPick, recordKind, allText }: ViewMenuProps) {
  const { t } = useTranslation();
  const notices = useNotices();
  const queries = useQueryClient();
  const [saving, setSaving] = useState(false);
  const refresh = () => queries.invalidateQueries({ queryKey: ["views"] });
  const { attempt, askToDelete } = useActs(refresh);

  const remove = (view: View) =>
    askToDelete({
      title: t("customers.views.deleteTitle", { name: view.name }),
      work: () => deleteView(view.id, view.etag).then(() => onPick(undefined)),
    });
  const entry = (view: View) => ({ key: view.id, label: <Entry view={view} />, onClick: () => onPick(view.id) });
  const own = views.filter((view) => view.own);
  const shared = views.filter((view) => !view.own);
  const items: MenuProps["items"] = [
    { key: "all", label: allText ?? t("customers.views.all"), onClick: () => onPick(undefined) },
    ...(own.length > 0 ? [{ key: "own", type: "group" as const, label: t("customers.views.own"), children: own.map(entry) }] : []),
    ...(shared.length > 0 ? [{ key: "shared", type: "group" as const, label: t("customers.views.shared"), children: shared.map(entry) }] : []),
    { type: "divider" },
    { key: "save", label: t("customers.views.saveAs"), onClick: () => setSaving(true) },
    ...(current?.own
      ? [
          {
            key: "update",
            label: t("customers.views.update"),
            disabled: !changed,
            onClick: () => void attempt(() => updateView(current.id, { ...shown, etag: current.etag }), t("common.saved")),
          },
          {
            key: "share",
            label: t(current.shared ? "customers.views.unshare" : "customers.views.share"),
            onClick: () => void attempt(() => updateView(current.id, { shared: !current.shared, etag: current.etag }), t("common.saved")),
          },
          { key: "delete", label: t("customers.views.delete"), danger: true, onClick: () => remove(current) },
        ]
      : []),
  ];
  return (
    <>
      <Dropdown trigger={["click"]} menu={{ items, selectedKeys: [current?.id ?? "all"] }}>
        <Button icon={<TagOutlined />} data-testid="views">
          {current?.name ?? allText ?? t("customers.views.all")}
          {changed && current && <Tag color="gold" style={{ margin: 0 }}>{t("customers.views.changed")}</Tag>}
          <DownOutlined style={{ fontSize: 11 }} />
        </Button>
      </Dropdown>
      <SaveView
        open={saving}
        shown={shown}
        recordKind={recordKind}
        onClose={() => setSaving(false)}
        onSaved={(view) => {
          notices.done(t("common.saved"));
          void refresh().then(() => onPick(view.id));
        }}
      />
    </>
  );
}

function Entry({ view }: { view: View }) {
  return (
    <>
      {view.name}
      <Authors record={view} />
    </>
  );
}

interface SaveViewProps {
  open: boolean;
  shown: Shown;
  recordKind: RecordKind | undefined;
  onClose: () => void;
  onSaved: (view: View) => void;
}

function SaveView({ open, shown, recordKind, onClose, onSaved }: SaveViewProps) {
  const { t } = useTranslation();
  const [form] = Form.useForm<{ name: string; shared: boolean }>();
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<unknown>();
  const save = async ({ name, shared }: { name: string; shared: boolean }) => {
    setBusy(true);
    setFault(undefined);
    try {
      onSaved(await createView({ ...shown, name, shared, recordKind: recordKind === "RECORD_KIND_UNSPECIFIED" ? undefined : recordKind }));
      onClose();
    } catch (error) {
      if (!showViolations(form, asProblem(error))) setFault(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal open={open} title={t("customers.views.saveAs")} onCancel={onClose} onOk={() => form.submit()} okText={t("common.save")} okButtonProps={{ loading: busy }} destroyOnHidden>
      <FormFault fault={fault} />
      <Form form={form} layout="vertical" initialValues={{ shared: false }} onFinish={save} preserve={false}>
        <Form.Item name="name" label={t("customers.views.name")} rules={[{ required: true, message: t("common.required") }]}>
          <Input maxLength={64} autoFocus />
        </Form.Item>
        <Form.Item name="shared" label={t("customers.views.share")} valuePropName="checked">
          <Switch />
        </Form.Item>
      </Form>
    </Modal>
  );
}
