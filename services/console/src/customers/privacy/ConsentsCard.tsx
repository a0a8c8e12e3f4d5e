import { useState } from "react";
import { PlusOutlined, StopOutlined } from "@ant-design/icons";
import { Alert, Button, Card, Flex, Popconfirm, Segmented, Tag, Typography } from "antd";
import { useTranslation } from "react-i18next";
import { usePages } from "@/api/pages";
import type { Consent, ContactBan, Customer } from "@/api/types";
import { useAccess } from "@/app/access";
import { Authors } from "@/shared/Authors";
import { LoadMore } from "@/shared/LoadMore";
import { useNotices } from "@/shared/notices";
import { Loaded, Nothing } from "@/shared/states";
import { Time } from "@/shared/Time";
import { EntryLabel } from "../dictionaries/pickers";
import { liftBan, listConsents, useBans, useConsentsChanged } from "./api";
import { BanForm, ConsentForm } from "./ConsentForms";

const colors: Partial<Record<Consent["state"], string>> = {
  CONSENT_STATE_GIVEN: "green",
  CONSENT_STATE_WITHDRAWN: "red",
  CONSENT_STATE_EXPIRED: "orange",
};

/** What the customer and its contacts agreed to, and who must not be contacted. */
export function ConsentsCard({ customer }: { customer: Customer }) {
  const { t } = useTranslation();
  const { reaches } = useAccess();
  const [latestOnly, setLatestOnly] = useState(true);
  const [form, setForm] = useState<"consent" | "ban">();
  const consents = usePages(["consents", customer.id, latestOnly], (pageToken) => listConsents(customer.id, latestOnly, pageToken));
  const bans = useBans(customer.id);
  const writes = reaches("PERMISSION_CUSTOMERS_UPDATE", customer) && customer.state === "CUSTOMER_STATE_ACTIVE";
  return (
    <Card
      title={t("privacy.consents")}
      data-testid="consents"
      extra={
        writes && (
          <Flex gap={4}>
            <Button type="text" icon={<StopOutlined />} onClick={() => setForm("ban")} data-testid="ban">
              {t("privacy.ban")}
            </Button>
            <Button type="text" icon={<PlusOutlined />} onClick={() => setForm("consent")} data-testid="record-consent">
              {t("privacy.record")}
            </Button>
          </Flex>
        )
      }
    >
      <Flex vertical gap={12}>
        {bans.data?.map((ban) => <Ban key={ban.id} ban={ban} liftable={writes} />)}
        <Segmented
          size="small"
          value={latestOnly ? "present" : "history"}
          options={[
            { value: "present", label: t("privacy.currentOnly") },
            { value: "history", label: t("privacy.history") },
          ]}
          onChange={(value) => setLatestOnly(value === "present")}
          style={{ alignSelf: "start" }}
        />
        <Loaded query={consents} small>
          {({ pages }) => {
            const list = pages.flatMap((page) => page.consents);
            if (list.length === 0) return <Nothing small text={t("privacy.noConsents")} />;
            return (
              <Flex vertical gap={10} component="ul" style={{ listStyle: "none", margin: 0, padding: 0 }}>
                {list.map((consent) => (
                  <li key={consent.id} data-testid="consent">
                    <Line consent={consent} />
                  </li>
                ))}
              </Flex>
            );
          }}
        </Loaded>
        <LoadMore query={consents} />
      </Flex>
      <ConsentForm customer={customer} open={form === "consent"} onClose={() => setForm(undefined)} />
      <BanForm customer={customer} open={form === "ban"} onClose={() => setForm(undefined)} />
    </Card>
  );
}

function Line({ consent }: { consent: Consent }) {
  const { t } = useTranslation();
  return (
    <Flex vertical gap={2}>
      <Flex gap={8} align="center" wrap>
        <Tag color={colors[consent.state]} style={{ margin: 0 }}>
          {t(`enums.ConsentState.${consent.state}`)}
        </Tag>
        <span>
          {t(`enums.ContactChannel.${consent.channel}`)} · <EntryLabel dictionary="contact_purpose" code={consent.purpose} />
        </span>
        {consent.contactName && <Typography.Text type="secondary">{consent.contactName}</Typography.Text>}
      </Flex>
      <Typography.Text type="secondary" style={{ fontSize: 13 }}>
        <Time value={consent.occurTime} as="date" /> · <EntryLabel dictionary="consent_source" code={consent.source} />
        {[consent.textVersion, consent.reference].filter(Boolean).map((text) => ` · ${text}`)}
        {consent.expireTime && (
          <>
            {" · "}
            {t("privacy.until")} <Time value={consent.expireTime} as="date" />
          </>
        )}
      </Typography.Text>
      <Authors record={consent} />
    </Flex>
  );
}

function Ban({ ban, liftable }: { ban: ContactBan; liftable: boolean }) {
  const { t } = useTranslation();
  const notices = useNotices();
  const changed = useConsentsChanged(ban.customerId);
  const lift = async () => {
    try {
      await liftBan(ban.id);
      notices.done(t("privacy.lifted"));
    } catch (fault) {
      notices.fault(fault);
    } finally {
      await changed();
    }
  };
  return (
    <Alert
      type="warning"
      showIcon
      data-testid="contact-ban"
      title={
        <>
          {t("privacy.bans")} · {t(`enums.ContactChannel.${ban.channel}`)}
          {ban.contactName && ` · ${ban.contactName}`}
        </>
      }
      description={
        <>
          {ban.reason}
          {ban.expireTime && (
            <>
              {" · "}
              {t("privacy.until")} <Time value={ban.expireTime} as="date" />
            </>
          )}
        </>
      }
      action={
        liftable && (
          <Popconfirm title={t("privacy.liftTitle")} onConfirm={() => void lift()}>
            <Button size="small">{t("privacy.lift")}</Button>
          </Popconfirm>
        )
      }
    />
  );
}
