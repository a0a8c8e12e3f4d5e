import { useEffect } from "react";
import { Alert, Col, Flex, Row, Tabs, Tag } from "antd";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";
import type { Customer } from "@/api/types";
import { useAccess } from "@/app/access";
import { readStored, store } from "@/app/preferences";
import { PageHeader } from "@/shared/PageHeader";
import { PersonAvatar } from "@/shared/PersonAvatar";
import { Loaded } from "@/shared/states";
import { usePhone } from "@/shared/usePhone";
import { useCustomer } from "../api";
import { AttachmentsCard } from "../attachments/AttachmentsCard";
import { ConsentsCard } from "../privacy/ConsentsCard";
import { PrivacyCard } from "../privacy/PrivacyCard";
import { PoolTag } from "../AttributeValue";
import { EntryLabel } from "../dictionaries/pickers";
import { GradeChips } from "../grades/GradeChips";
import { GradesCard } from "../grades/GradesCard";
import { LifecycleCard } from "../lifecycle/LifecycleCard";
import { PointsCard } from "../points/PointsCard";
import { TagChips } from "../tags/TagChips";
import { TagsCard } from "../tags/TagsCard";
import { ContactsCard } from "./ContactsCard";
import { CustomerActions } from "./CustomerActions";
import { DetailsCard } from "./DetailsCard";
import { OwnershipCard } from "./OwnershipCard";
import { RelationsCard } from "./RelationsCard";
import { SharesCard } from "./SharesCard";
import { TimelineCard } from "./TimelineCard";
import { useLiveCustomer } from "./useLiveCustomer";
import { rememberCustomer, recentKey, type RecentCustomer } from "./recent";

export function CustomerPage() {
  const { id = "" } = useParams();
  const customer = useCustomer(id);
  useLiveCustomer(id);
  return <Loaded query={customer}>{(data) => <Record key={data.id} customer={data} />}</Loaded>;
}

function Record({ customer }: { customer: Customer }) {
  const { t } = useTranslation();
  const { can, reaches, profile } = useAccess();
  const phone = usePhone();
  const isOrganization = customer.kind === "CUSTOMER_KIND_ORGANIZATION";

  useEffect(() => {
    const key = recentKey(profile?.id);
    if (key) store(key, rememberCustomer(readStored<RecentCustomer[]>(key, []), customer));
  }, [customer, profile?.id]);

  const details = (
    <Flex vertical gap={16}>
      <DetailsCard customer={customer} />
      {can("PERMISSION_CONTACTS_READ") && <ContactsCard customer={customer} />}
      <TagsCard customer={customer} />
      <GradesCard customer={customer} />
      <PointsCard customer={customer} />
      <LifecycleCard customer={customer} />
      <AttachmentsCard customer={customer} />
      <RelationsCard customer={customer} />
      <OwnershipCard customer={customer} />
      {reaches("PERMISSION_CUSTOMERS_SHARE", customer) && <SharesCard customer={customer} />}
      <ConsentsCard customer={customer} />
      {reaches("PERMISSION_CUSTOMERS_PRIVACY", customer) && <PrivacyCard customer={customer} />}
    </Flex>
  );
  const timeline = <TimelineCard customer={customer} />;
  return (
    <>
      <PageHeader
        title={customer.name}
        parents={[{ title: t("app.menu.customers"), path: "/customers" }]}
        avatar={<PersonAvatar name={customer.name} size={48} square={isOrganization} />}
        subtitle={[customer.number, t(`enums.CustomerKind.${customer.kind}`), customer.ownerName && t("customers.ownedBy", { name: customer.ownerName }), customer.groupName].filter(Boolean).join(" · ")}
        tags={
          <Flex gap={6} wrap>
            <GradeChips customer={customer} />
            <EntryLabel dictionary="customer_status" code={customer.status} />
            <TagChips tags={customer.tags} />
            {!customer.ownerId && <PoolTag />}
            {customer.state === "CUSTOMER_STATE_INVALID" && <Tag color="red">{t("enums.CustomerState.CUSTOMER_STATE_INVALID")}</Tag>}
          </Flex>
        }
        actions={<CustomerActions customer={customer} />}
      />
      {customer.mergedIntoId && (
        <Alert
          type="info"
          showIcon
          style={{ marginBottom: 16 }}
          data-testid="merged-into"
          title={t("customers.duplicates.mergedIntoOther")}
          action={<Link to={`/customers/${customer.mergedIntoId}`}>{t("customers.duplicates.openOther")}</Link>}
        />
      )}
      {phone ? (
        <Tabs
          items={[
            { key: "timeline", label: t("customers.timeline.title"), children: timeline },
            { key: "details", label: t("customers.details"), children: details },
          ]}
        />
      ) : (
        <Row gutter={[16, 16]}>
          <Col xs={24} xl={13}>
            {details}
          </Col>
          <Col xs={24} xl={11}>
            {timeline}
          </Col>
        </Row>
      )}
    </>
  );
}
