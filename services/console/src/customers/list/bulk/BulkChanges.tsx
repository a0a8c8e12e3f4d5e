// The bulk change that is under way or was started here, above the list; and the button behind which the last ones are.
import { useEffect, useEffectEvent, useState } from "react";
import { HistoryOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Alert, Button, Drawer } from "antd";
import { useTranslation } from "react-i18next";
import { usePages } from "@/api/pages";
import type { BulkChange } from "@/api/types";
import { useFocusReturn } from "@/shared/drawer";
import { LoadMore } from "@/shared/LoadMore";
import { Loaded, Nothing } from "@/shared/states";
import { useCustomerChanged } from "../../api";
import { isUnderWay, listBulkChanges, useBulkChange } from "./api";
import { BulkChangeCard } from "./BulkChangeCard";

/** Shown while it runs, whoever of one's own tabs has started it, and until it is put away. */
export function CurrentBulkChange({ started, onClose }: { started: string | undefined; onClose: () => void }) {
  const [closed, setClosed] = useState<string>();
  const recent = useQuery({ queryKey: ["bulkChanges", "running"], queryFn: () => listBulkChanges() });
  const id = started ?? recent.data?.bulkChanges.find(isUnderWay)?.id;
  const bulk = useBulkChange(id).data;
  const changed = useCustomerChanged();
  const ended = useEffectEvent(() => void changed());
  const state = bulk?.state;
  useEffect(() => {
    if (state && state !== "BULK_CHANGE_STATE_RUNNING" && state !== "BULK_CHANGE_STATE_UNDOING") ended();
  }, [state]);
  if (!bulk || bulk.id === closed) return null;
  const close = () => {
    setClosed(bulk.id);
    onClose();
  };
  return <Alert type="info" title={<BulkChangeCard bulk={bulk} onClose={close} />} />;
}

export function RecentBulkChanges() {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button icon={<HistoryOutlined />} onClick={() => setOpen(true)} aria-label={t("lists.bulk.recent")} title={t("lists.bulk.recent")} data-testid="recent-bulk" />
      {open && <RecentDrawer onClose={() => setOpen(false)} />}
    </>
  );
}

function RecentDrawer({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const query = usePages(["bulkChanges", "pages"], (pageToken) => listBulkChanges(pageToken));
  useFocusReturn();
  return (
    <Drawer open title={t("lists.bulk.recent")} onClose={onClose} size={560}>
      <Loaded query={query} small>
        {({ pages }) => {
          const list = pages.flatMap((page) => page.bulkChanges);
          if (list.length === 0) return <Nothing text={t("lists.bulk.none")} />;
          return (
            <ul className="divided">
              {list.map((bulk) => (
                <li key={bulk.id}>
                  <Followed bulk={bulk} />
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

function Followed({ bulk }: { bulk: BulkChange }) {
  const latest = useBulkChange(isUnderWay(bulk) ? bulk.id : undefined).data;
  return <BulkChangeCard bulk={latest ?? bulk} />;
}
