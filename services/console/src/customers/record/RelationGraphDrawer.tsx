// Who is connected to a customer, and through whom: a picture, and the same as a list for those who can't see it.
import { useMemo, useState } from "react";
import { Alert, Checkbox, Drawer, Flex, Segmented, Tag, theme, Typography } from "antd";
import dayjs from "dayjs";
import { useTranslation } from "react-i18next";
import { Link, useNavigate } from "react-router";
import type { Customer, RelationGraph } from "@/api/types";
import { Chart } from "@/shared/Chart";
import { Loaded, Nothing } from "@/shared/states";
import { usePhone } from "@/shared/usePhone";
import { useRelationGraph } from "../api";
import { useEntries } from "../dictionaries/entries";
import { EntryLabel } from "../dictionaries/pickers";
import { graphOption } from "./relationOption";

const depths = [1, 2, 3, 4];

export function RelationGraphDrawer({ customer, onClose }: { customer: Customer; onClose: () => void }) {
  const { t } = useTranslation();
  const phone = usePhone();
  const [depth, setDepth] = useState(2);
  const [includeEnded, setIncludeEnded] = useState(false);
  const graph = useRelationGraph(customer.id, depth, includeEnded);
  return (
    <Drawer open onClose={onClose} size={phone ? window.innerWidth : 880} title={t("customers.relation.graphOf", { name: customer.name })} data-testid="relation-graph">
      <Flex vertical gap={12}>
        <Flex gap={16} align="center" wrap>
          <Flex gap={8} align="center">
            <Typography.Text>{t("customers.relation.depth")}</Typography.Text>
            <Segmented options={depths} value={depth} onChange={setDepth} />
          </Flex>
          <Checkbox checked={includeEnded} onChange={(event) => setIncludeEnded(event.target.checked)}>
            {t("customers.relation.withEnded")}
          </Checkbox>
        </Flex>
        <Loaded query={graph}>{(data) => (data.customers.length < 2 ? <Nothing text={t("customers.relation.empty")} /> : <Picture graph={data} onClose={onClose} />)}</Loaded>
      </Flex>
    </Drawer>
  );
}

function Picture({ graph, onClose }: { graph: RelationGraph; onClose: () => void }) {
  const { t } = useTranslation();
  const { token } = theme.useToken();
  const navigate = useNavigate();
  const { index } = useEntries("level");
  const option = useMemo(() => {
    // Presets such as `gold` are colours of the theme.
    const presets = token as unknown as Record<string, string | undefined>;
    const levelColor = (level: string) => {
      const color = index.byCode.get(level)?.color;
      return color ? (presets[color] ?? color) : undefined;
    };
    return graphOption(graph, (type) => t(`enums.RelationType.${type}`), token, dayjs().format("YYYY-MM-DD"), levelColor);
  }, [graph, t, token, index]);
  const open = ({ dataIndex, edge }: { dataIndex: number; edge: boolean }) => {
    const picked = edge ? undefined : graph.customers[dataIndex];
    if (!picked) return;
    onClose();
    void navigate(`/customers/${picked.id}`);
  };
  return (
    <>
      {graph.truncated && <Alert type="info" showIcon title={t("customers.relation.truncated", { count: graph.customers.length })} />}
      <Chart option={option} height={480} label={t("customers.relation.graph")} onPick={open} />
      <Typography.Text type="secondary">{t("customers.relation.graphHint")}</Typography.Text>
      <Flex vertical gap={6} component="ul" style={{ listStyle: "none", margin: 0, padding: 0 }} data-testid="related-customers">
        {graph.customers.slice(1).map((customer) => (
          <li key={customer.id}>
            <Flex gap={8} align="center">
              <Tag style={{ margin: 0 }}>{t("customers.relation.distance", { count: customer.distance })}</Tag>
              <Link to={`/customers/${customer.id}`} onClick={onClose}>
                {customer.name}
              </Link>
              <EntryLabel dictionary="level" code={customer.level} />
            </Flex>
          </li>
        ))}
      </Flex>
    </>
  );
}
