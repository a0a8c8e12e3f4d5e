import { Drawer, Tag, Typography } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { usePages } from "@/api/pages";
import { useFocusReturn } from "@/shared/drawer";
import { LoadMore } from "@/shared/LoadMore";
import { Loaded, Nothing } from "@/shared/states";
import { listRefusals } from "./api";

/** The customers that a bulk change left as they are, and why. */
export function RefusalsDrawer({ id, onClose }: { id: string; onClose: () => void }) {
  const { t } = useTranslation();
  const query = usePages(["bulkChange", id, "refusals"], (pageToken) => listRefusals(id, pageToken));
  useFocusReturn();
  return (
    <Drawer open title={t("lists.bulk.refusals")} onClose={onClose} data-testid="refusals">
      <Loaded query={query} small>
        {({ pages }) => {
          const refusals = pages.flatMap((page) => page.refusals);
          if (refusals.length === 0) return <Nothing text={t("lists.bulk.noRefusals")} />;
          return (
            <ul className="divided">
              {refusals.map((refusal) => (
                <li key={refusal.customerId}>
                  {refusal.customerName ? <Link to={`/customers/${refusal.customerId}`}>{refusal.customerName}</Link> : <Typography.Text type="secondary">{t("lists.bulk.unseen")}</Typography.Text>} {refusal.customerNumber}
                  {refusal.kept && <Tag style={{ marginInlineStart: 8 }}>{t("lists.bulk.keptTag")}</Tag>}
                  <div>
                    <Typography.Text type="secondary">{refusal.reason}</Typography.Text>
                  </div>
                </li>
              ))}
            </ul>
          );
        }}
      </Loaded>
      <LoadMore query={query} />
    </Drawer>
  );
}
