import { useState } from "react";
import { DownloadOutlined } from "@ant-design/icons";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Alert, Button, Card, Dropdown } from "antd";
import dayjs from "dayjs";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import { useAccess } from "@/app/access";
import { LoadMore } from "@/shared/LoadMore";
import { useNotices } from "@/shared/notices";
import { PageHeader } from "@/shared/PageHeader";
import { Loaded, Nothing } from "@/shared/states";
import { usePhone } from "@/shared/usePhone";
import { usePresentServices, type Service } from "../services";
import { exportAuditEntries, listAuditEntries } from "./api";
import { AuditFilters } from "./AuditFilters";
import { AuditCards, AuditTable } from "./AuditList";
import { addressOf, filterOf, searchFromAddress, type AuditSearch } from "./filter";
import { nextPage, start } from "./merge";

const startOfDay = (day: string, plusDays: number) => dayjs(day).startOf("day").add(plusDays, "day").toISOString();

export function AuditPage() {
  const { t, i18n } = useTranslation();
  const phone = usePhone();
  const present = usePresentServices();
  const [address, setAddress] = useSearchParams();
  const search = searchFromAddress(address);
  const filter = filterOf(search, startOfDay);
  const asked = search.service ? [search.service] : present;
  const trail = useInfiniteQuery({
    queryKey: ["audit", asked, filter],
    queryFn: ({ pageParam }) => nextPage(pageParam, (service, token) => listAuditEntries(service, filter, token)),
    initialPageParam: start(asked),
    getNextPageParam: (last) => last.next,
  });
  const change = (part: Partial<AuditSearch>) => setAddress(addressOf({ ...search, ...part }), { replace: true });

  return (
    <>
      <PageHeader title={t("app.menu.audit")} subtitle={t("administration.audit.subtitle")} actions={<Export services={asked} filter={filter} />} />
      <Card styles={{ body: { padding: phone ? 12 : 16 } }}>
        <AuditFilters search={search} services={present} onChange={change} />
        <Loaded query={trail}>
          {({ pages }) => {
            const entries = pages.flatMap((page) => page.entries);
            const failed = pages.flatMap((page) => page.failed);
            return (
              <>
                {failed.length > 0 && (
                  <Alert
                    type="warning"
                    showIcon
                    style={{ marginBottom: 16 }}
                    title={t("administration.audit.failed", { services: new Intl.ListFormat(i18n.language).format(failed.map((name) => t(`identity.services.${name}`))) })}
                  />
                )}
                {entries.length === 0 && !trail.hasNextPage ? (
                  <Nothing text={t("administration.audit.empty")} />
                ) : phone ? (
                  <AuditCards entries={entries} />
                ) : (
                  <AuditTable entries={entries} withService={asked.length > 1} />
                )}
              </>
            );
          }}
        </Loaded>
        <LoadMore query={trail} />
      </Card>
    </>
  );
}

function Export({ services, filter }: { services: Service[]; filter: string }) {
  const { t } = useTranslation();
  const { can } = useAccess();
  const notices = useNotices();
  const [busy, setBusy] = useState(false);
  if (!can("PERMISSION_AUDIT_EXPORT")) return null;
  const run = async (service: Service) => {
    setBusy(true);
    try {
      await exportAuditEntries(service, filter);
    } catch (fault) {
      notices.fault(fault);
    } finally {
      setBusy(false);
    }
  };
  const [only] = services;
  if (services.length === 1 && only) {
    return (
      <Button icon={<DownloadOutlined />} loading={busy} onClick={() => void run(only)}>
        {t("administration.audit.export")}
      </Button>
    );
  }
  // Each service keeps a trail of its own, so there is a file for each.
  return (
    <Dropdown
      trigger={["click"]}
      menu={{ items: services.map((service) => ({ key: service, label: t(`identity.services.${service}`), onClick: () => void run(service) })) }}
    >
      <Button icon={<DownloadOutlined />} loading={busy} data-testid="export-audit">
        {t("administration.audit.export")}
      </Button>
    </Dropdown>
  );
}
