import { useQuery } from "@tanstack/react-query";
import { Form, Input, Select } from "antd";
import { useTranslation } from "react-i18next";
import { allPages } from "@/api/pages";
import type { Group } from "@/api/types";
import { useAccess } from "@/app/access";
import { FormDrawer } from "@/shared/FormDrawer";
import { useNotices } from "@/shared/notices";
import { createGroup, listEmployees, useOrganizationChanged } from "../api";
import { GroupPicker } from "./GroupPicker";

interface Values {
  name: string;
  parentId: string;
  employeeIds: string[];
}

interface CreateGroupProps {
  /** Nothing is shown while it is left out. */
  parentId: string | undefined;
  onCreated: (group: Group) => void;
  onClose: () => void;
}

/** A new group together with employees who are in none, in one go. */
export function CreateGroup({ parentId, onCreated, onClose }: CreateGroupProps) {
  const { t } = useTranslation();
  const { can } = useAccess();
  const notices = useNotices();
  const changed = useOrganizationChanged();
  const seesEmployees = can("PERMISSION_EMPLOYEES_READ");
  const ungrouped = useQuery({
    queryKey: ["employees", "ungrouped"],
    queryFn: () =>
      allPages(
        (pageToken) => listEmployees({ filter: "NOT group_id:*", pageSize: 200, pageToken }),
        (page) => page.employees,
      ),
    enabled: parentId !== undefined && seesEmployees,
  });
  const required = { required: true, message: t("common.required") };

  return (
    <FormDrawer<Values>
      open={parentId !== undefined}
      title={t("identity.group.create")}
      initialValues={{ parentId, employeeIds: [] }}
      submitText={t("common.create")}
      onClose={onClose}
      onSubmit={async (values) => {
        const group = await createGroup({ ...values, employeeIds: values.employeeIds ?? [] });
        notices.done(t("identity.group.created"));
        await changed();
        onCreated(group);
      }}
      testId="group-form"
    >
      <Form.Item name="name" label={t("identity.group.name")} rules={[required]}>
        <Input maxLength={64} autoFocus />
      </Form.Item>
      <Form.Item name="parentId" label={t("identity.group.parent")} rules={[required]}>
        <GroupPicker />
      </Form.Item>
      {seesEmployees && (
        <Form.Item name="employeeIds" label={t("identity.group.addUngrouped")} extra={t("identity.group.addUngroupedHint", { count: ungrouped.data?.length ?? 0 })}>
          <Select
            mode="multiple"
            loading={ungrouped.isPending}
            showSearch={{ optionFilterProp: "label" }}
            options={ungrouped.data?.map((employee) => ({
              value: employee.id,
              label: `${employee.displayName} (${employee.loginName})`,
            }))}
            placeholder={t("common.optional")}
            notFoundContent={t("identity.group.noUngrouped")}
          />
        </Form.Item>
      )}
    </FormDrawer>
  );
}
