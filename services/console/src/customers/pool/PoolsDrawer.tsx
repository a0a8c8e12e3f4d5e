// The pools as records: which there are, and what each takes and asks.
import { useState } from "react";
import { DeleteOutlined, EditOutlined, PlusOutlined } from "@ant-design/icons";
import { Button, Drawer, Flex, Popconfirm, Tag, Typography } from "antd";
import { useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { Pool } from "@/api/types";
import { useNotices } from "@/shared/notices";
import { Loaded } from "@/shared/states";
import { usePhone } from "@/shared/usePhone";
import { deletePool, usePools } from "../api";
import { EntryLabel } from "../dictionaries/pickers";
import { poolName } from "./names";
import { PoolForm } from "./PoolForm";

export function PoolsDrawer({ open, onClose }: { open: boolean; onClose: () => void }) {
  const { t, i18n } = useTranslation();
  const phone = usePhone();
  const notices = useNotices();
  const queries = useQueryClient();
  const pools = usePools();
  const [editing, setEditing] = useState<Pool | "new">();
  const changed = () => Promise.all(["pools", "poolRule", "pool"].map((key) => queries.invalidateQueries({ queryKey: [key] })));
  const remove = async (pool: Pool) => {
    try {
      await deletePool(pool.id, pool.etag);
      notices.done(t("common.deleted"));
    } catch (fault) {
      notices.fault(fault);
    } finally {
      await changed();
    }
  };
  return (
    <Drawer
      open={open}
      data-testid="pools"
      title={t("customers.pool.manage")}
      size={phone ? window.innerWidth : 560}
      onClose={onClose}
      extra={
        <Button icon={<PlusOutlined />} onClick={() => setEditing("new")}>
          {t("common.add")}
        </Button>
      }
    >
      <Typography.Paragraph type="secondary">{t("customers.pool.closest")}</Typography.Paragraph>
      <Loaded query={pools} small>
        {(list) => (
          <Flex vertical gap={12} component="ul" style={{ listStyle: "none", margin: 0, padding: 0 }}>
            {list.map((pool) => (
              <li key={pool.id}>
                <Flex gap={8} align="center">
                  <Flex vertical style={{ flex: 1 }}>
                    <Flex gap={8} wrap>
                      <strong>{poolName(pool, i18n.language)}</strong>
                      {pool.takesRest && <Tag>{t("customers.pool.rest")}</Tag>}
                    </Flex>
                    <Flex gap={8} wrap>
                      {pool.groupIds.length > 0 && <span>{t("customers.pool.groups", { count: pool.groupIds.length })}</span>}
                      {pool.regions.map((code) => (
                        <EntryLabel key={code} dictionary="region" code={code} />
                      ))}
                    </Flex>
                    <Typography.Text type="secondary">{t("customers.pool.rules", { count: pool.recyclingRules.length })}</Typography.Text>
                  </Flex>
                  <Button type="text" icon={<EditOutlined />} aria-label={`${t("common.edit")} ${pool.nameZh}`} onClick={() => setEditing(pool)} />
                  {!pool.takesRest && (
                    <Popconfirm title={t("customers.pool.deleteTitle")} onConfirm={() => void remove(pool)}>
                      <Button type="text" icon={<DeleteOutlined />} aria-label={`${t("common.delete")} ${pool.nameZh}`} />
                    </Popconfirm>
                  )}
                </Flex>
              </li>
            ))}
          </Flex>
        )}
      </Loaded>
      <PoolForm pool={editing === "new" ? undefined : editing} open={editing !== undefined} onClose={() => setEditing(undefined)} onSaved={changed} />
    </Drawer>
  );
}
