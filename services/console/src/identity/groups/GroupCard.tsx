import { useState } from "react";
import { useQuery } from "@tanstack/react-query";
import { Button, Card, Flex, Form, Input, Typography } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { Group } from "@/api/types";
import { useAccess } from "@/app/access";
import { useActs } from "@/shared/acts";
import { Authors } from "@/shared/Authors";
import { changedFields } from "@/shared/changes";
import { FormDrawer } from "@/shared/FormDrawer";
import { useNotices } from "@/shared/notices";
import { PersonAvatar } from "@/shared/PersonAvatar";
import { Loaded, Nothing } from "@/shared/states";
import { deleteGroup, listEmployees, updateGroup, useOrganizationChanged } from "../api";
import { GroupPicker } from "./GroupPicker";
import { withDescendants } from "./tree";

interface GroupCardProps {
  group: Group;
  groups: Group[];
  manages: boolean;
  onCreate: (parentId: string) => void;
  onDeleted: () => void;
}

/** The selected group: its members, and what can be done to it. */
export function GroupCard({ group, groups, manages, onCreate, onDeleted }: GroupCardProps) {
  const { t } = useTranslation();
  const { can } = useAccess();
  const notices = useNotices();
  const changed = useOrganizationChanged();
  const { askToDelete } = useActs(changed);
  const [editing, setEditing] = useState(false);
  const isRoot = group.parentId === "";
  const parent = groups.find((candidate) => candidate.id === group.parentId);
  const children = groups.filter((candidate) => candidate.parentId === group.id);
  const before = { name: group.name, parentId: group.parentId };
  const required = { required: true, message: t("common.required") };

  const remove = () =>
    askToDelete({
      title: t("identity.group.deleteTitle", { name: group.name }),
      content: (
        <ul style={{ paddingInlineStart: 20 }}>
          {children.length > 0 && <li>{t("identity.group.deleteChildren", { count: children.length, parent: parent?.name ?? "" })}</li>}
          <li>{t("identity.group.deleteMembers", { count: group.memberCount })}</li>
        </ul>
      ),
      work: () => deleteGroup(group.id, group.etag).then(onDeleted),
    });

  return (
    <Card
      title={group.name}
      extra={<Typography.Text type="secondary">{t("identity.group.members", { count: group.memberCount })}</Typography.Text>}
      data-testid="group-card"
    >
      {parent && (
        <Typography.Paragraph type="secondary">
          {t("identity.group.parent")}: {parent.name}
        </Typography.Paragraph>
      )}
      {can("PERMISSION_EMPLOYEES_READ") ? <Members group={group} /> : <Names names={group.memberNames} />}
      {manages && (
        <Flex gap={8} wrap style={{ marginTop: 16 }}>
          <Button onClick={() => onCreate(group.id)}>{t("identity.group.createBelow")}</Button>
          <Button onClick={() => setEditing(true)}>{t(isRoot ? "identity.group.rename" : "identity.group.renameOrMove")}</Button>
          {!isRoot && (
            <Button danger onClick={remove}>
              {t("common.delete")}
            </Button>
          )}
        </Flex>
      )}
      <div style={{ marginTop: 16 }}>
        <Authors record={group} />
      </div>
      <FormDrawer<typeof before>
        open={editing}
        title={t("identity.group.edit", { name: group.name })}
        initialValues={before}
        onClose={() => setEditing(false)}
        onSubmit={async (values) => {
          const changes = changedFields(before, values);
          if (Object.keys(changes).length > 0) await updateGroup(group.id, { ...changes, etag: group.etag });
          notices.done(t("common.saved"));
          await changed();
        }}
      >
        <Form.Item name="name" label={t("identity.group.name")} rules={[required]}>
          <Input maxLength={64} />
        </Form.Item>
        {!isRoot && (
          <Form.Item name="parentId" label={t("identity.group.parent")} rules={[required]}>
            <GroupPicker except={withDescendants(groups, group.id)} />
          </Form.Item>
        )}
      </FormDrawer>
    </Card>
  );
}

const shownMembers = 50;

function Members({ group }: { group: Group }) {
  const { t } = useTranslation();
  const members = useQuery({
    queryKey: ["employees", "group", group.id],
    queryFn: () => listEmployees({ filter: `group_id = "${group.id}"`, pageSize: shownMembers }),
  });
  return (
    <Loaded query={members} small>
      {({ employees }) => (
        <>
          <Names names={employees.map((employee) => employee.displayName)} />
          {group.memberCount > 0 && <Link to={`/employees?group=${group.id}`}>{t("identity.group.showMembers")}</Link>}
        </>
      )}
    </Loaded>
  );
}

function Names({ names }: { names: readonly string[] }) {
  const { t } = useTranslation();
  if (names.length === 0) return <Nothing text={t("identity.group.noMembers")} />;
  return (
    <Flex wrap gap={12} style={{ marginBottom: 12 }}>
      {names.map((name, index) => (
        <Flex key={`${name}-${index}`} align="center" gap={8} style={{ width: 130 }}>
          <PersonAvatar name={name} size={26} />
          <Typography.Text ellipsis>{name}</Typography.Text>
        </Flex>
      ))}
    </Flex>
  );
}
