import { Card, Col, Flex, Row, Tabs, Tag } from "antd";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import type { Profile } from "@/api/types";
import { useProfileQuery } from "@/app/access";
import { PageHeader } from "@/shared/PageHeader";
import { PersonAvatar } from "@/shared/PersonAvatar";
import { Loaded } from "@/shared/states";
import { roleName } from "../roles/names";
import { ApiKeysCard } from "../security/ApiKeysCard";
import { SecondFactorCard } from "../security/SecondFactorCard";
import { LinksCard } from "../sign-on/LinksCard";
import { PasswordCard } from "./PasswordCard";
import { PersonalCard } from "./PersonalCard";
import { PictureCard } from "./PictureCard";
import { SessionsCard } from "./SessionsCard";

export function ProfilePage() {
  const { t } = useTranslation();
  const profile = useProfileQuery();
  const [search, setSearch] = useSearchParams();
  return (
    <Loaded query={profile}>
      {(data) => (
        <>
          <PageHeader
            title={t("identity.profile.title")}
            subtitle={[data.displayName, data.groupName].filter(Boolean).join(" · ")}
            avatar={<PersonAvatar name={data.displayName} employeeId={data.id} size={48} />}
            tags={data.roleNames.map((name) => (
              <Tag key={name} color="blue">
                {roleName(t, name)}
              </Tag>
            ))}
          />
          <Tabs
            activeKey={search.get("tab") ?? "personal"}
            onChange={(tab) => setSearch(tab === "personal" ? {} : { tab }, { replace: true })}
            items={[
              { key: "personal", label: t("security.tabs.personal"), children: <Personal profile={data} /> },
              { key: "security", label: t("security.tabs.security"), children: <Security profile={data} /> },
            ]}
          />
        </>
      )}
    </Loaded>
  );
}

function Personal({ profile }: { profile: Profile }) {
  const { t } = useTranslation();
  return (
    <Row gutter={[16, 16]}>
      <Col xs={24} lg={12}>
        <Flex vertical gap={16}>
          <PictureCard profile={profile} />
          <PersonalCard profile={profile} />
        </Flex>
      </Col>
      <Col xs={24} lg={12}>
        <Card title={t("identity.profile.permissions")}>
          <Flex wrap gap={8}>
            {profile.grants.map((grant) => (
              <Tag key={grant.permission}>
                {t(`enums.Permission.${grant.permission}`)} · {t(`enums.Scope.${grant.scope}`)}
              </Tag>
            ))}
          </Flex>
        </Card>
      </Col>
    </Row>
  );
}

function Security({ profile }: { profile: Profile }) {
  return (
    <Row gutter={[16, 16]}>
      <Col xs={24} lg={12}>
        <Flex vertical gap={16}>
          <SecondFactorCard profile={profile} />
          <PasswordCard loginName={profile.loginName} />
        </Flex>
      </Col>
      <Col xs={24} lg={12}>
        <Flex vertical gap={16}>
          <SessionsCard />
          <LinksCard />
          <ApiKeysCard permissions={profile.grants.map(({ permission }) => permission)} />
        </Flex>
      </Col>
    </Row>
  );
}
