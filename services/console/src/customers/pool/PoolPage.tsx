import { useState } from "react";
import { Alert, Button, Card, Flex, Select } from "antd";
import { SettingOutlined } from "@ant-design/icons";
import { useTranslation } from "react-i18next";
import { usePages } from "@/api/pages";
import type { Customer, PoolRule } from "@/api/types";
import { useAccess } from "@/app/access";
import { LoadMore } from "@/shared/LoadMore";
import { useNotices } from "@/shared/notices";
import { PageHeader } from "@/shared/PageHeader";
import { Loaded, Nothing } from "@/shared/states";
import { usePhone } from "@/shared/usePhone";
import { claimCustomer, claimCustomers, listPoolCustomers, useCustomerChanged, usePoolRule, usePools } from "../api";
import { useAttributes } from "../attributes";
import { FilterButton } from "../filter/FilterButton";
import { FilterChips } from "../filter/FilterChips";
import { FilterDrawer } from "../filter/FilterDrawer";
import { CustomerCards } from "../list/CustomerCards";
import { knownColumns } from "../list/columns";
import { CustomerTable } from "../list/CustomerTable";
import { mostAtOnce, SelectionBar } from "../list/SelectionBar";
import { poolName } from "./names";
import { useOutcomes } from "./outcomes";
import { PoolsDrawer } from "./PoolsDrawer";

const columnPaths = ["name", "level", "region", "industry", "source", "last_contact_time", "create_time"];

/** 公海: customers without an owner, free to be claimed. */
export function PoolPage() {
  const { t, i18n } = useTranslation();
  const { can } = useAccess();
  const phone = usePhone();
  const notices = useNotices();
  const changed = useCustomerChanged();
  const attributes = useAttributes();
  const rule = usePoolRule();
  const pools = usePools();
  const [poolId, setPoolId] = useState<string>();
  const [filter, setFilter] = useState("");
  const [filtering, setFiltering] = useState(false);
  const [managing, setManaging] = useState(false);
  const [claiming, setClaiming] = useState<string>();
  const [selected, setSelected] = useState<string[]>([]);
  const tell = useOutcomes();
  const pool = usePages(["pool", poolId, filter], (pageToken) => listPoolCustomers({ poolId, filter: filter || undefined, pageToken }));
  const columns = knownColumns(columnPaths, attributes);

  const claim = async (customer: Customer) => {
    setClaiming(customer.id);
    try {
      await claimCustomer(customer.id);
      notices.done(t("customers.pool.claimed", { name: customer.name }));
    } catch (fault) {
      notices.fault(fault);
    } finally {
      setClaiming(undefined);
      await changed();
    }
  };
  const claimSelected = async () => {
    setClaiming("selected");
    try {
      tell(await claimCustomers(selected), (count) => t("customers.pool.claimedSeveral", { count }));
      setSelected([]);
    } catch (fault) {
      notices.fault(fault);
    } finally {
      setClaiming(undefined);
      await changed();
    }
  };
  const show = (of: () => void) => {
    setSelected([]);
    of();
  };
  const rowActions = (customer: Customer) => (
    <Button size={phone ? "middle" : "small"} loading={claiming === customer.id} onClick={() => void claim(customer)} aria-label={t("customers.pool.claimName", { name: customer.name })}>
      {t("customers.pool.claim")}
    </Button>
  );
  return (
    <>
      <PageHeader
        title={t("app.menu.pool")}
        subtitle={t("customers.pool.subtitle")}
        actions={
          can("PERMISSION_POOL_MANAGE") && (
            <Button icon={<SettingOutlined />} onClick={() => setManaging(true)}>
              {t("customers.pool.manage")}
            </Button>
          )
        }
      />
      <Flex vertical gap={16}>
        {rule.data && <Alert type="info" showIcon title={<RuleText rule={rule.data} />} />}
        <Card styles={{ body: { padding: phone ? 12 : 16 } }}>
          <Flex gap={8} wrap align="center" style={{ marginBottom: 12 }}>
            {pools.data && pools.data.length > 1 && (
              <Select
                allowClear
                value={poolId}
                onChange={(id?: string) => show(() => setPoolId(id))}
                placeholder={t("customers.pool.all")}
                aria-label={t("customers.pool.which")}
                style={{ minWidth: 160 }}
                options={pools.data.map((one) => ({ value: one.id, label: poolName(one, i18n.language) }))}
              />
            )}
            <FilterButton filter={filter} attributes={attributes} onClick={() => setFiltering(true)} />
            <FilterChips filter={filter} attributes={attributes} onChange={(next) => show(() => setFilter(next))} />
          </Flex>
          <Loaded query={pool}>
            {({ pages }) => {
              const rows = pages.flatMap((page) => page.customers);
              if (rows.length === 0) return <Nothing text={t(filter ? "customers.list.noMatches" : "customers.pool.empty")} />;
              return phone ? (
                <CustomerCards rows={rows} columns={columns} selected={selected} onSelect={setSelected} rowActions={rowActions} />
              ) : (
                <CustomerTable rows={rows} columns={columns} orderBy="" loading={false} selected={selected} onSelect={setSelected} rowActions={rowActions} />
              );
            }}
          </Loaded>
          <LoadMore query={pool} />
        </Card>
      </Flex>
      <SelectionBar selected={selected} onClear={() => setSelected([])}>
        <Button type="primary" disabled={selected.length > mostAtOnce} loading={claiming === "selected"} onClick={() => void claimSelected()} data-testid="claim-selected">
          {t("customers.pool.claim")}
        </Button>
      </SelectionBar>
      <FilterDrawer open={filtering} filter={filter} attributes={attributes} onApply={(next) => show(() => setFilter(next))} onClose={() => setFiltering(false)} />
      <PoolsDrawer open={managing} onClose={() => setManaging(false)} />
    </>
  );
}

function RuleText({ rule }: { rule: PoolRule }) {
  const { t } = useTranslation();
  const parts = [
    rule.maxOwned > 0 ? t("customers.pool.maxOwned", { count: rule.maxOwned }) : "",
    rule.maxClaimsPerDay > 0 ? t("customers.pool.maxClaims", { count: rule.maxClaimsPerDay }) : "",
    rule.recycleAfterDays > 0 ? t("customers.pool.recycle", { count: rule.recycleAfterDays }) : "",
  ].filter(Boolean);
  return <>{parts.length > 0 ? parts.join(" ") : t("customers.pool.noLimits")}</>;
}
