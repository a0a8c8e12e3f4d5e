import { ArrowRightOutlined } from "@ant-design/icons";
import { Alert, Flex, Tag } from "antd";
import { useTranslation } from "react-i18next";
import { scopeColors, type Effect, type ScopeChoice } from "./scopes";

/** What saving changes, and for how many people, before anybody presses the button. */
export function RoleEffect({ effects, holders }: { effects: Effect[]; holders: number }) {
  const { t } = useTranslation();
  if (effects.length === 0) return null;
  return (
    <Alert
      type="info"
      title={t("identity.role.effect", { count: holders })}
      description={
        <Flex vertical gap={6} component="ul" style={{ listStyle: "none", margin: 0, padding: 0 }} data-testid="role-effect">
          {effects.map((effect) => (
            <li key={effect.permission}>
              <Flex wrap gap={8} align="center">
                <span style={{ minWidth: 150 }}>{t(`enums.Permission.${effect.permission}`)}</span>
                <ScopeTag choice={effect.before} />
                <ArrowRightOutlined aria-label="→" style={{ fontSize: 11 }} />
                <ScopeTag choice={effect.after} />
                {effect.added > 0 && <span>{t("identity.role.groupsAdded", { count: effect.added })}</span>}
                {effect.removed > 0 && <span>{t("identity.role.groupsRemoved", { count: effect.removed })}</span>}
              </Flex>
            </li>
          ))}
        </Flex>
      }
    />
  );
}

export function ScopeTag({ choice, wrap }: { choice: ScopeChoice; wrap?: boolean }) {
  const { t } = useTranslation();
  if (choice === "none") return <Tag style={{ margin: 0 }}>{t("common.none")}</Tag>;
  return (
    <Tag color={scopeColors[choice]} variant="filled" style={{ margin: 0, whiteSpace: wrap ? "normal" : undefined }}>
      {t(`enums.Scope.${choice}`)}
    </Tag>
  );
}
