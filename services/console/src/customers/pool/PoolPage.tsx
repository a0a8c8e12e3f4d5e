import { useState } from "react";
import { Alert, Button, Card, Flex, Form, InputNumber, Select } from "antd";
import { SettingOutlined } from "@ant-design/icons";
import { useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { usePages } from "@/api/pages";
import type { Customer, PoolRule } from "@/api/types";
import { useAccess } from "@/app/access";
import { FormDrawer } from "@/shared/FormDrawer";
import { LoadMore } from "@/shared/LoadMore";
import { useNotices } from "@/shared/notices";
import { PageHeader } from "@/shared/PageHeader";
import { Loaded, Nothing } from "@/shared/states";
import { usePhone } from "@/shared/usePhone";
import { claimCustomer, listPoolCustomers, updatePoolRule, useCustomerChanged, usePoolRule, usePools } from "../api";
import { useAttributes } from "../attributes";
import { FilterButton } from "../filter/FilterButton";
import { FilterChips } from "../filter/FilterChips";
import { FilterDrawer } from "../filter/FilterDrawer";
import { CustomerCards } from "../list/CustomerCards";
import { knownColumns } from "../list/columns";
import { CustomerTable } from "../list/CustomerTable";

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
  const [editingRule, setEditingRule] = useState(false);
  const [claiming, setClaiming] = useState<string>();
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
  const rowActions = (customer: Customer) => (
    <Button size="small" type="primary" ghost loading={claiming === customer.id} onClick={() => void claim(customer)} aria-label={t("customers.pool.claimName", { name: customer.name })}>
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
            <Button icon={<SettingOutlined />} onClick={() => setEditingRule(true)} disabled={!rule.data}>
              {t("customers.pool.rule")}
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
                onChange={setPoolId}
                placeholder={t("customers.pool.all")}
                aria-label={t("customers.pool.which")}
                style={{ minWidth: 160 }}
                options={pools.data.map((one) => ({ value: one.id, label: i18n.language.startsWith("zh") ? one.nameZh : one.nameEn || one.nameZh }))}
              />
            )}
            <FilterButton filter={filter} attributes={attributes} onClick={() => setFiltering(true)} />
            <FilterChips filter={filter} attributes={attributes} onChange={setFilter} />
          </Flex>
          <Loaded query={pool}>
            {({ pages }) => {
              const rows = pages.flatMap((page) => page.customers);
              if (rows.length === 0) return <Nothing text={t(filter ? "customers.list.noMatches" : "customers.pool.empty")} />;
              return phone ? (
                <CustomerCards rows={rows} columns={columns} rowActions={rowActions} />
              ) : (
                <CustomerTable rows={rows} columns={columns} orderBy="" loading={false} rowActions={rowActions} />
              );
            }}
          </Loaded>
          <LoadMore query={pool} />
        </Card>
      </Flex>
      <FilterDrawer open={filtering} filter={filter} attributes={attributes} onApply={setFilter} onClose={() => setFiltering(false)} />
      {rule.data && <RuleForm rule={rule.data} open={editingRule} onClose={() => setEditingRule(false)} />}
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

type RuleValues = Pick<PoolRule, "maxOwned" | "maxClaimsPerDay" | "recycleAfterDays">;

function RuleForm({ rule, open, onClose }: { rule: PoolRule; open: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  const notices = useNotices();
  const queries = useQueryClient();
  const number = (name: keyof RuleValues, max: number) => (
    <Form.Item name={name} label={t(`customers.pool.${name}Label`)} extra={t("customers.pool.zero")}>
      <InputNumber min={0} max={max} precision={0} style={{ width: "100%" }} />
    </Form.Item>
  );
  return (
    <FormDrawer<RuleValues>
      open={open}
      title={t("customers.pool.rule")}
      initialValues={rule}
      onClose={onClose}
      onSubmit={async (values) => {
        await updatePoolRule({ ...values, etag: rule.etag });
        notices.done(t("common.saved"));
        await queries.invalidateQueries({ queryKey: ["poolRule"] });
      }}
    >
      {number("maxOwned", 1_000_000)}
      {number("maxClaimsPerDay", 100_000)}
      {number("recycleAfterDays", 3650)}
    </FormDrawer>
  );
}
