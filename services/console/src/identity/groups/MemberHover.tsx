import type { ReactElement } from "react";
import { Flex, Popover, Typography } from "antd";
import { useTranslation } from "react-i18next";
import { PersonAvatar } from "@/shared/PersonAvatar";
import { usePhone } from "@/shared/usePhone";
import type { GroupNode } from "./tree";

/** Who is in a group, on hover and on focus. A tap on a phone selects the group, whose card tells the same. */
export function MemberHover({ node, children }: { node: GroupNode; children: ReactElement }) {
  const { t } = useTranslation();
  const phone = usePhone();
  if (phone) return children;
  const { group, total } = node;
  const others = group.memberCount - group.memberNames.length;
  return (
    <Popover
      trigger={["hover", "focus"]}
      mouseEnterDelay={0.3}
      title={group.name}
      content={
        <Flex vertical gap={6} style={{ minWidth: 160 }}>
          <Typography.Text type="secondary">
            {t("identity.group.members", { count: group.memberCount })}
            {total > group.memberCount && ` · ${t("identity.group.withBelow", { count: total })}`}
          </Typography.Text>
          {group.memberNames.map((name) => (
            <Flex key={name} gap={8} align="center">
              <PersonAvatar name={name} size={22} />
              {name}
            </Flex>
          ))}
          {others > 0 && <Typography.Text type="secondary">{t("identity.group.others", { count: others })}</Typography.Text>}
        </Flex>
      }
    >
      {children}
    </Popover>
  );
}
