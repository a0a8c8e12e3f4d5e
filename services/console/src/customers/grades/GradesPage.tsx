// 客户分级: the schemes, the rules in force and how far they have come.
import { useState } from "react";
import { PlusOutlined } from "@ant-design/icons";
import { Button, Card, Flex, Form, Input, Tag, Typography } from "antd";
import { useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { GradeScheme } from "@/api/types";
import { FormDrawer } from "@/shared/FormDrawer";
import { useNotices } from "@/shared/notices";
import { PageHeader } from "@/shared/PageHeader";
import { Loaded } from "@/shared/states";
import { useDictionaryChanged } from "../dictionaries/api";
import { useEntries, useEntryName } from "../dictionaries/entries";
import { EntryLabel } from "../dictionaries/pickers";
import { createGradeScheme, useGradeSchemes } from "./api";
import { RulesForm } from "./RulesForm";
import { RunState } from "./RunState";

export function GradesPage() {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const schemes = useGradeSchemes();
  const [adding, setAdding] = useState(false);
  const [editing, setEditing] = useState<string>();
  const changed = () => Promise.all(["gradeSchemes", "customers", "customer", "grades"].map((key) => queries.invalidateQueries({ queryKey: [key] })));
  return (
    <>
      <PageHeader
        title={t("app.menu.grades")}
        subtitle={t("levels.grade.subtitle")}
        actions={
          <Button type="primary" icon={<PlusOutlined />} onClick={() => setAdding(true)} data-testid="add-scheme">
            {t("levels.grade.add")}
          </Button>
        }
      />
      <Loaded query={schemes}>
        {(list) => (
          <Flex vertical gap={12}>
            {list.map((scheme) => (
              <SchemeCard key={scheme.code} scheme={scheme} onEdit={() => setEditing(scheme.code)} />
            ))}
            <RulesForm scheme={list.find(({ code }) => code === editing)} onClose={() => setEditing(undefined)} onChanged={changed} />
          </Flex>
        )}
      </Loaded>
      <SchemeForm open={adding} onClose={() => setAdding(false)} onSaved={changed} />
    </>
  );
}

function SchemeCard({ scheme, onEdit }: { scheme: GradeScheme; onEdit: () => void }) {
  const { t } = useTranslation();
  const nameOf = useEntryName();
  const { index } = useEntries(scheme.code);
  const drafted = JSON.stringify(scheme.draft) !== JSON.stringify(scheme.published ?? { rules: [], defaultCode: "" });
  return (
    <Card
      data-testid={`scheme-${scheme.code}`}
      title={
        <Flex gap={8} align="center" wrap>
          {nameOf(scheme)}
          <Typography.Text type="secondary">{scheme.code}</Typography.Text>
          {scheme.version > 0 ? <Tag color="blue">{t("levels.grade.version", { version: scheme.version })}</Tag> : <Tag>{t("levels.grade.notPublished")}</Tag>}
          {drafted && <Tag color="orange">{t("levels.grade.changedDraft")}</Tag>}
        </Flex>
      }
      extra={
        <Flex gap={8}>
          <Link to={`/dictionaries/${scheme.code}`}>{t("levels.grade.grades")}</Link>
          <Button type="link" size="small" onClick={onEdit} title={`${t("levels.grade.rules")} ${nameOf(scheme)}`} data-testid={`rules-${scheme.code}`}>
            {t("levels.grade.rules")}
          </Button>
        </Flex>
      }
    >
      <Flex vertical gap={8}>
        <Flex gap={6} wrap>
          {index.list.map(({ code }) => (
            <EntryLabel key={code} dictionary={scheme.code} code={code} />
          ))}
        </Flex>
        <RunState run={scheme.run} />
      </Flex>
    </Card>
  );
}

interface Values {
  code: string;
  nameZh: string;
  nameEn?: string;
}

function SchemeForm({ open, onClose, onSaved }: { open: boolean; onClose: () => void; onSaved: () => Promise<unknown> }) {
  const { t } = useTranslation();
  const notices = useNotices();
  const dictionaryChanged = useDictionaryChanged();
  const required = { required: true, whitespace: true, message: t("common.required") };
  return (
    <FormDrawer<Values>
      open={open}
      title={t("levels.grade.add")}
      testId="scheme-form"
      onClose={onClose}
      onSubmit={async ({ code, nameZh, nameEn = "" }) => {
        await createGradeScheme({ code, nameZh, nameEn });
        notices.done(t("common.saved"));
        await Promise.all([onSaved(), dictionaryChanged()]);
      }}
    >
      <Form.Item name="code" label={t("levels.grade.code")} extra={t("levels.grade.codeHint")} rules={[required, { pattern: /^[a-z][a-z0-9_]{0,31}$/, message: t("levels.grade.codeHint") }]}>
        <Input maxLength={32} />
      </Form.Item>
      <Form.Item name="nameZh" label={t("settings.nameZh")} rules={[required]}>
        <Input maxLength={64} />
      </Form.Item>
      <Form.Item name="nameEn" label={t("settings.nameEn")}>
        <Input maxLength={64} />
      </Form.Item>
    </FormDrawer>
  );
}
