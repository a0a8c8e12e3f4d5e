import { useState } from "react";
import { Button, Card, Flex, Popconfirm, Tag, Typography } from "antd";
import { useTranslation } from "react-i18next";
import type { Parameter } from "@/api/types";
import { useNotices } from "@/shared/notices";
import { PageHeader } from "@/shared/PageHeader";
import { Loaded } from "@/shared/states";
import { Time } from "@/shared/Time";
import { usePhone } from "@/shared/usePhone";
import { resetParameter, useParameters, useParametersChanged } from "./api";
import { ParameterForm } from "./ParameterForm";
import { grouped, valueText } from "./values";

export function ParametersPage() {
  const { t, i18n } = useTranslation();
  const parameters = useParameters();
  const [editing, setEditing] = useState<Parameter>();
  const describe = (parameter: Parameter) => (i18n.language === "en" ? parameter.descriptionEn : parameter.descriptionZh);
  return (
    <>
      <PageHeader title={t("app.menu.parameters")} subtitle={t("administration.parameter.subtitle")} />
      <Loaded query={parameters}>
        {(list) => (
          <Flex vertical gap={16} data-testid="parameters">
            {grouped(list).map(([group, members]) => (
              <Card key={group} title={t(`administration.parameter.groups.${group}`)} size="small" styles={{ body: { paddingBlock: 4 } }}>
                <ul className="divided">
                  {members.map((parameter) => (
                    <ParameterRow key={parameter.name} parameter={parameter} description={describe(parameter)} onEdit={() => setEditing(parameter)} />
                  ))}
                </ul>
              </Card>
            ))}
          </Flex>
        )}
      </Loaded>
      <ParameterForm parameter={editing} description={editing ? describe(editing) : ""} onClose={() => setEditing(undefined)} />
    </>
  );
}

function ParameterRow({ parameter, description, onEdit }: { parameter: Parameter; description: string; onEdit: () => void }) {
  const { t } = useTranslation();
  const phone = usePhone();
  const notices = useNotices();
  const changed = useParametersChanged();
  const reset = async () => {
    try {
      await resetParameter(parameter.name, parameter.etag);
      notices.done(t("administration.parameter.resetDone"));
    } catch (fault) {
      notices.fault(fault);
    } finally {
      await changed();
    }
  };
  return (
    <li data-testid={`parameter-${parameter.name}`}>
      <Flex gap={16} wrap align="center">
        <Flex vertical flex={phone ? "1 1 100%" : "1 1 260px"} gap={2} style={{ minWidth: 0 }}>
          <span>{description}</span>
          <Typography.Text type="secondary" style={{ fontSize: 12 }}>
            <code>{parameter.name}</code>
            {parameter.set && parameter.updateUserName && (
              <>
                {" "}
                · {t("administration.parameter.changedBy", { name: parameter.updateUserName })} <Time value={parameter.updateTime} as="relative" />
              </>
            )}
          </Typography.Text>
        </Flex>
        <Flex gap={8} align="center" flex={phone ? 1 : "0 1 300px"} wrap>
          <strong>{valueText(t, parameter, parameter.value)}</strong>
          <Tag color={parameter.set ? "blue" : undefined} style={{ margin: 0 }}>
            {t(parameter.set ? "administration.parameter.changed" : "administration.parameter.isDefault")}
          </Tag>
        </Flex>
        <Flex gap={4} justify="flex-end" style={{ minWidth: phone ? 0 : 150 }}>
          {parameter.set && (
            <Popconfirm
              title={t("administration.parameter.resetTitle")}
              description={t("administration.parameter.resetText", { value: valueText(t, parameter, parameter.defaultValue) })}
              onConfirm={() => reset()}
            >
              <Button type="link" size="small" title={`${t("administration.parameter.reset")} ${parameter.name}`}>
                {t("administration.parameter.reset")}
              </Button>
            </Popconfirm>
          )}
          <Button type="link" size="small" onClick={onEdit} title={`${t("common.edit")} ${parameter.name}`}>
            {t("common.edit")}
          </Button>
        </Flex>
      </Flex>
    </li>
  );
}
