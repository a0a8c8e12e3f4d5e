import { useState } from "react";
import { Card, Flex, Select } from "antd";
import { useTranslation } from "react-i18next";
import { usePages } from "@/api/pages";
import type { PrivacyRequestState } from "@/api/types";
import { LoadMore } from "@/shared/LoadMore";
import { PageHeader } from "@/shared/PageHeader";
import { Loaded, Nothing } from "@/shared/states";
import { listRequests } from "./api";
import { RequestEntry } from "./RequestEntry";

const states = [
  "PRIVACY_REQUEST_STATE_UNSPECIFIED",
  "PRIVACY_REQUEST_STATE_PENDING",
  "PRIVACY_REQUEST_STATE_RUNNING",
  "PRIVACY_REQUEST_STATE_DONE",
  "PRIVACY_REQUEST_STATE_REFUSED",
  "PRIVACY_REQUEST_STATE_EXPIRED",
  "PRIVACY_REQUEST_STATE_FAILED",
] as const satisfies PrivacyRequestState[];

/** 隐私申请: what people ask for of what is held on them, to be decided and fetched. */
export function RequestsPage() {
  const { t } = useTranslation();
  const [state, setState] = useState<PrivacyRequestState>("PRIVACY_REQUEST_STATE_UNSPECIFIED");
  const requests = usePages(["privacyRequests", "all", state], (pageToken) => listRequests({ state, pageToken }));
  return (
    <>
      <PageHeader
        title={t("app.menu.privacyRequests")}
        subtitle={t("privacy.subtitle")}
        actions={
          <Select
            value={state}
            onChange={setState}
            aria-label={t("privacy.requests")}
            options={states.map((value) => ({ value, label: t(`enums.PrivacyRequestState.${value}`) }))}
            style={{ minWidth: 160 }}
          />
        }
      />
      <Loaded query={requests}>
        {({ pages }) => {
          const list = pages.flatMap((page) => page.privacyRequests);
          if (list.length === 0) return <Nothing text={t("privacy.noRequests")} />;
          return (
            <Flex vertical gap={12}>
              {list.map((request) => (
                <Card key={request.id}>
                  <RequestEntry listed={request} named />
                </Card>
              ))}
            </Flex>
          );
        }}
      </Loaded>
      <LoadMore query={requests} />
    </>
  );
}
