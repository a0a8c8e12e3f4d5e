import { Card, Col, Flex, Row, Tag } from "antd";
import { useTranslation } from "react-i18next";
import { useProfileQuery } from "@/app/access";
import { PageHeader } from "@/shared/PageHeader";
import { PersonAvatar } from "@/shared/PersonAvatar";
import { Loaded } from "@/shared/states";
import { PasswordCard } from "./PasswordCard";
import { PersonalCard } from "./PersonalCard";
import { SessionsCard } from "./SessionsCard";

export function ProfilePage() {
  const { t } = useTranslation();
  const profile = useProfileQuery();
  return (
    <Loaded query={profile}>
      {(data) => (
        <>
          <PageHeader
            title={t("identity.profile.title")}
            subtitle={[data.displayName, data.groupName].filter(Boolean).join(" · ")}
            avatar={<PersonAvatar name={data.displayName} size={48} />}
            tags={data.roleNames.map((name) => (
              <Tag key={name} color="blue">
                {name}
              </Tag>
            ))}
          />
          <Row gutter={[16, 16]}>
            <Col xs={24} lg={12}>
              <Flex vertical gap={16}>
                <PersonalCard profile={data} />
                <PasswordCard loginName={data.loginName} />
              </Flex>
            </Col>
            <Col xs={24} lg={12}>
              <Flex vertical gap={16}>
                <SessionsCard />
                <Card title={t("identity.profile.permissions")}>
                  <Flex wrap gap={8}>
                    {data.grants.map((grant) => (
                      <Tag key={grant.permission}>
                        {t(`enums.Permission.${grant.permission ?? "PERMISSION_UNSPECIFIED"}`)} ·{" "}
                        {t(`enums.Scope.${grant.scope ?? "SCOPE_UNSPECIFIED"}`)}
                      </Tag>
                    ))}
                  </Flex>
                </Card>
              </Flex>
            </Col>
          </Row>
        </>
      )}
    </Loaded>
  );
}
