import { useState } from "react";
import { Flex, Segmented, Select, Tabs } from "antd";
import { useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { usePages } from "@/api/pages";
import type { DuplicateReason } from "@/api/types";
import { useAccess } from "@/app/access";
import { zh } from "@/i18n/zh";
import { LoadMore } from "@/shared/LoadMore";
import { PageHeader } from "@/shared/PageHeader";
import { Loaded, Nothing } from "@/shared/states";
import { listPairs } from "./api";
import { MergeDialog } from "./MergeDialog";
import { MergeList } from "./MergeList";
import { PairCard } from "./PairCard";
import { SearchCard } from "./SearchCard";

const states = ["DUPLICATE_PAIR_STATE_OPEN", "DUPLICATE_PAIR_STATE_DISMISSED"] as const;
// Against a pair speaks only the last, which nobody looks for.
const reasons = (Object.keys(zh.enums.DuplicateReason) as DuplicateReason[]).filter((reason) => !/UNSPECIFIED|DIFFERENT/.test(reason));

/** 查重: pairs of customers that may be one, decided one by one, and what was merged. */
export function DuplicatesPage() {
  const { t } = useTranslation();
  const { can } = useAccess();
  return (
    <>
      <PageHeader title={t("app.menu.duplicates")} subtitle={t("customers.duplicates.subtitle")} />
      <Tabs
        items={[
          { key: "pairs", label: t("customers.duplicates.pairs"), children: <Pairs /> },
          ...(can("PERMISSION_CUSTOMERS_INVALIDATE") ? [{ key: "merges", label: t("customers.duplicates.merges"), children: <MergeList /> }] : []),
        ]}
      />
    </>
  );
}

function Pairs() {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const [state, setState] = useState<(typeof states)[number]>("DUPLICATE_PAIR_STATE_OPEN");
  const [reason, setReason] = useState<DuplicateReason>();
  const [merging, setMerging] = useState<string[]>();
  const pairs = usePages(["duplicates", "pairs", state, reason], (pageToken) => listPairs({ state, reason, pageToken }));
  const changed = () => queries.invalidateQueries({ queryKey: ["duplicates"] });
  return (
    <Flex vertical gap={12}>
      <SearchCard onEnded={changed} />
      <Flex gap={8} wrap>
        <Segmented value={state} onChange={setState} options={states.map((value) => ({ value, label: t(`enums.DuplicatePairState.${value}`) }))} />
        <Select
          allowClear
          style={{ minWidth: 200 }}
          value={reason}
          onChange={setReason}
          placeholder={t("customers.duplicates.anyReason")}
          aria-label={t("customers.duplicates.anyReason")}
          options={reasons.map((value) => ({ value, label: t(`enums.DuplicateReason.${value}`) }))}
        />
      </Flex>
      <Loaded query={pairs}>
        {({ pages }) => {
          const list = pages.flatMap((page) => page.pairs);
          if (list.length === 0) return <Nothing text={t("customers.duplicates.none")} />;
          return list.map((pair) => <PairCard key={pair.id} pair={pair} onMerge={setMerging} onChanged={changed} />);
        }}
      </Loaded>
      <LoadMore query={pairs} />
      {merging && (
        <MergeDialog
          ids={merging}
          onClose={() => setMerging(undefined)}
          onMerged={() => {
            setMerging(undefined);
            void changed();
          }}
        />
      )}
    </Flex>
  );
}
