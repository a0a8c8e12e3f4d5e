import { useState } from "react";
import { PlusOutlined } from "@ant-design/icons";
import { Button, Card, Col, Flex, Form, Input, Menu, Row, Select, Switch, Tag, Typography } from "antd";
import { useTranslation } from "react-i18next";
import { useNavigate, useParams } from "react-router";
import type { Dictionary } from "@/api/types";
import { useAccess } from "@/app/access";
import { Authors } from "@/shared/Authors";
import { FormDrawer } from "@/shared/FormDrawer";
import { useNotices } from "@/shared/notices";
import { PageHeader } from "@/shared/PageHeader";
import { Loaded, Nothing } from "@/shared/states";
import { usePhone } from "@/shared/usePhone";
import { createDictionary, useDictionaries, useDictionaryChanged } from "./api";
import { EntryList } from "./EntryList";
import { EntryTree } from "./EntryTree";
import { useEntryName } from "./entries";
import { ImportDrawer } from "./ImportDrawer";

export function DictionariesPage() {
  const { t } = useTranslation();
  const { code } = useParams();
  const { can } = useAccess();
  const phone = usePhone();
  const navigate = useNavigate();
  const nameOf = useEntryName();
  const dictionaries = useDictionaries();
  const [creating, setCreating] = useState(false);
  const manages = can("PERMISSION_FIELDS_MANAGE");
  const open = (next: string) => void navigate(`/dictionaries/${next}`);

  return (
    <>
      <PageHeader
        title={t("app.menu.dictionaries")}
        subtitle={t("settings.dictionary.subtitle")}
        actions={
          manages && (
            <Button type="primary" icon={<PlusOutlined />} onClick={() => setCreating(true)} data-testid="create-dictionary">
              {t("settings.dictionary.create")}
            </Button>
          )
        }
      />
      <Loaded query={dictionaries}>
        {(list) => {
          const current = list.find((dictionary) => dictionary.code === code) ?? list[0];
          if (!current) return <Nothing text={t("settings.dictionary.empty")} />;
          return (
            <Row gutter={[16, 16]}>
              <Col xs={24} md={7} xl={5}>
                {phone ? (
                  <Select aria-label={t("app.menu.dictionaries")} value={current.code} onChange={open} options={list.map((dictionary) => ({ value: dictionary.code, label: nameOf(dictionary) }))} style={{ width: "100%" }} />
                ) : (
                  <Card styles={{ body: { padding: 8 } }}>
                    <Menu
                      selectedKeys={[current.code]}
                      onClick={({ key }) => open(key)}
                      style={{ borderInlineEnd: "none" }}
                      items={list.map((dictionary) => ({
                        key: dictionary.code,
                        label: (
                          <Flex justify="space-between" align="center">
                            {nameOf(dictionary)}
                            <Typography.Text type="secondary" className="tabular">
                              {Number(dictionary.entryCount).toLocaleString()}
                            </Typography.Text>
                          </Flex>
                        ),
                      }))}
                    />
                  </Card>
                )}
              </Col>
              <Col xs={24} md={17} xl={19}>
                <Entries key={current.code} dictionary={current} manages={manages} />
              </Col>
            </Row>
          );
        }}
      </Loaded>
      <CreateDictionary open={creating} onClose={() => setCreating(false)} onCreated={open} />
    </>
  );
}

function Entries({ dictionary, manages }: { dictionary: Dictionary; manages: boolean }) {
  const { t } = useTranslation();
  const nameOf = useEntryName();
  const [importing, setImporting] = useState(false);
  const title = (
    <Flex gap={8} align="center">
      {nameOf(dictionary)}
      <Tag style={{ margin: 0 }}>{dictionary.code}</Tag>
      {dictionary.tree && <Tag color="purple" style={{ margin: 0 }}>{t("settings.dictionary.tree")}</Tag>}
    </Flex>
  );
  const common = { dictionary: dictionary.code, title, manages, onImport: () => setImporting(true) };
  return (
    <>
      {dictionary.tree ? <EntryTree {...common} /> : <EntryList {...common} />}
      <div style={{ marginTop: 8 }}>
        <Authors record={dictionary} />
      </div>
      <ImportDrawer dictionary={dictionary} open={importing} onClose={() => setImporting(false)} />
    </>
  );
}

interface Values {
  code: string;
  nameZh: string;
  nameEn?: string;
  tree: boolean;
}

function CreateDictionary({ open, onClose, onCreated }: { open: boolean; onClose: () => void; onCreated: (code: string) => void }) {
  const { t } = useTranslation();
  const notices = useNotices();
  const changed = useDictionaryChanged();
  const required = { required: true, message: t("common.required") };
  return (
    <FormDrawer<Values>
      open={open}
      title={t("settings.dictionary.create")}
      initialValues={{ tree: false }}
      submitText={t("common.create")}
      onClose={onClose}
      onSubmit={async (values) => {
        await createDictionary({ ...values, nameEn: values.nameEn ?? "" });
        notices.done(t("common.saved"));
        await changed();
        onCreated(values.code);
      }}
    >
      <Form.Item name="code" label={t("settings.code")} tooltip={t("settings.codeHint")} rules={[required, { pattern: /^[a-z][a-z0-9_]{0,31}$/, message: t("settings.codeHint") }]}>
        <Input maxLength={32} autoFocus />
      </Form.Item>
      <Form.Item name="nameZh" label={t("settings.nameZh")} rules={[required]}>
        <Input maxLength={64} />
      </Form.Item>
      <Form.Item name="nameEn" label={t("settings.nameEn")}>
        <Input maxLength={64} />
      </Form.Item>
      <Form.Item name="tree" label={t("settings.dictionary.isTree")} valuePropName="checked">
        <Switch />
      </Form.Item>
    </FormDrawer>
  );
}
