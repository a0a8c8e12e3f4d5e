// Many employees from a spreadsheet: a dry run shows what is wrong, row by row; then all are created, or none.
import { useState } from "react";
import { DownloadOutlined, InboxOutlined } from "@ant-design/icons";
import { useMutation } from "@tanstack/react-query";
import { Alert, Button, Card, Dropdown, Flex, Radio, Spin, Table, Upload, type TableColumnsType } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { download, saveBlob } from "@/api/download";
import type { EmployeeImportAnswer, EmployeeImportError, ImportedEmployee } from "@/api/types";
import { FormFault } from "@/shared/FormFault";
import { useNotices } from "@/shared/notices";
import { PageHeader } from "@/shared/PageHeader";
import { importEmployees, useOrganizationChanged } from "../api";
import { passwordSheet } from "./passwords";

export function ImportPage() {
  const { t } = useTranslation();
  const notices = useNotices();
  const changed = useOrganizationChanged();
  const [file, setFile] = useState<File>();
  const [invite, setInvite] = useState(false);
  const check = useMutation({ mutationFn: (choice: { chosen: File; invite: boolean }) => importEmployees(choice.chosen, { dryRun: true, invite: choice.invite }) });
  const create = useMutation({ mutationFn: (chosen: File) => importEmployees(chosen, { dryRun: false, invite }), onSettled: changed });
  // Between the check and the creation somebody may have taken a name; the errors of the later count.
  const answer = create.data ?? check.data;
  const created = create.data?.employees.length ? create.data.employees : undefined;

  const template = async (format: string, ending: string) => {
    try {
      await download("/v1/employees:downloadTemplate", { format }, `employees.${ending}`);
    } catch (fault) {
      notices.fault(fault);
    }
  };
  const choose = (chosen: File) => {
    create.reset();
    setFile(chosen);
    check.mutate({ chosen, invite });
  };
  const chooseEntry = (byMail: boolean) => {
    create.reset();
    setInvite(byMail);
    // An invitation needs an address in every row.
    if (file) check.mutate({ chosen: file, invite: byMail });
  };
  const startOver = () => {
    create.reset();
    check.reset();
    setFile(undefined);
  };
  return (
    <>
      <PageHeader
        title={t("security.importing.title")}
        subtitle={t("security.importing.subtitle")}
        parents={[{ title: t("app.menu.employees"), path: "/employees" }]}
        actions={
          <Dropdown
            trigger={["click"]}
            menu={{
              items: [
                { key: "xlsx", label: "Excel (.xlsx)", onClick: () => void template("EMPLOYEE_IMPORT_FORMAT_XLSX", "xlsx") },
                { key: "csv", label: "CSV", onClick: () => void template("EMPLOYEE_IMPORT_FORMAT_CSV", "csv") },
              ],
            }}
          >
            <Button icon={<DownloadOutlined />}>{t("security.importing.template")}</Button>
          </Dropdown>
        }
      />
      <Card>
        <Flex vertical gap={16}>
          <FormFault fault={create.error ?? check.error} />
          {!created && (
            <Flex gap={12} align="center" wrap>
              <span>{t("security.invite.entry")}</span>
              <Radio.Group
                aria-label={t("security.invite.entry")}
                value={invite}
                onChange={(event) => chooseEntry(Boolean(event.target.value))}
                options={[
                  { value: false, label: t("security.invite.byPassword") },
                  { value: true, label: t("security.invite.byMail") },
                ]}
              />
            </Flex>
          )}
          {check.isPending && <Spin description={t("security.importing.checking")} style={{ padding: 32 }} />}
          {!answer && !check.isPending && (
            <Upload.Dragger
              accept=".csv,.xlsx"
              maxCount={1}
              showUploadList={false}
              beforeUpload={(chosen) => {
                choose(chosen);
                return false;
              }}
            >
              <p className="ant-upload-drag-icon">
                <InboxOutlined />
              </p>
              <p className="ant-upload-text">{t("security.importing.drop")}</p>
              <p className="ant-upload-hint">{t("security.importing.dropHint")}</p>
            </Upload.Dragger>
          )}
          {created ? (
            <Created employees={created} invited={invite} onNext={startOver} />
          ) : (
            answer && (
              <>
                <Findings answer={answer} />
                <Flex gap={8} justify="flex-end" wrap>
                  <Button onClick={startOver}>{t("security.importing.another")}</Button>
                  <Button
                    type="primary"
                    disabled={answer.errors.length > 0 || answer.rowCount === 0}
                    loading={create.isPending}
                    onClick={() => file && create.mutate(file)}
                    data-testid="create-employees"
                  >
                    {t("security.importing.create", { count: answer.rowCount })}
                  </Button>
                </Flex>
              </>
            )
          )}
        </Flex>
      </Card>
    </>
  );
}

function Findings({ answer }: { answer: EmployeeImportAnswer }) {
  const { t } = useTranslation();
  const { errors, rowCount, unknownHeaders } = answer;
  const columns: TableColumnsType<EmployeeImportError> = [
    { title: t("security.importing.row"), dataIndex: "row", width: 80, className: "tabular" },
    { title: t("security.importing.column"), key: "column", width: 160, render: (_, { header, field }) => header || field || "—" },
    { title: t("security.importing.problem"), dataIndex: "message" },
  ];
  return (
    <>
      {unknownHeaders.length > 0 && (
        <Alert type="info" showIcon title={t("security.importing.unknownHeaders", { headers: unknownHeaders.join(t("security.access.comma")) })} />
      )}
      {rowCount === 0 && <Alert type="warning" showIcon title={t("security.importing.empty")} />}
      {rowCount > 0 && errors.length === 0 && <Alert type="success" showIcon title={t("security.importing.sound", { count: rowCount })} data-testid="rows-sound" />}
      {errors.length > 0 && (
        <>
          <Alert type="error" showIcon title={t("security.importing.faulty", { count: errors.length })} />
          <Table<EmployeeImportError>
            rowKey={(error) => `${error.row}-${error.field}-${error.code}`}
            size="small"
            columns={columns}
            dataSource={errors}
            pagination={errors.length > 50 ? { pageSize: 50, showSizeChanger: false } : false}
            data-testid="row-errors"
          />
        </>
      )}
    </>
  );
}

function Created({ employees, invited, onNext }: { employees: ImportedEmployee[]; invited: boolean; onNext: () => void }) {
  const { t } = useTranslation();
  const headers = [t("identity.employee.loginName"), t("identity.employee.displayName"), t("identity.secret.password")];
  const columns: TableColumnsType<ImportedEmployee> = [
    { title: headers[0], dataIndex: "loginName", width: 280 },
    { title: headers[1], dataIndex: "displayName" },
    ...(invited ? [] : [{ title: headers[2], key: "password", render: (_: unknown, { initialPassword }: ImportedEmployee) => <code>{initialPassword}</code> }]),
  ];
  const save = () => saveBlob(new Blob([passwordSheet(headers, employees)], { type: "text/csv" }), "initial-passwords.csv");
  return (
    <>
      <Alert type="success" showIcon title={t("security.importing.created", { count: employees.length })} data-testid="rows-created" />
      {invited ? (
        <Alert type="info" showIcon title={t("security.importing.invited")} />
      ) : (
        <Alert
          type="warning"
          showIcon
          title={t("security.importing.once")}
          action={
            <Button size="small" icon={<DownloadOutlined />} onClick={save}>
              {t("security.importing.downloadPasswords")}
            </Button>
          }
        />
      )}
      <Table<ImportedEmployee> rowKey="id" size="small" columns={columns} dataSource={employees} pagination={employees.length > 50 ? { pageSize: 50, showSizeChanger: false } : false} />
      <Flex gap={8} wrap>
        <Link to="/employees">
          <Button type="primary">{t("security.importing.toEmployees")}</Button>
        </Link>
        <Button onClick={onNext}>{t("security.importing.next")}</Button>
      </Flex>
    </>
  );
}
