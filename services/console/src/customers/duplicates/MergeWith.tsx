// From a customer's page: with whom it is to be merged, then how.
import { useState } from "react";
import { Flex, Modal, Typography } from "antd";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import type { Customer } from "@/api/types";
import { CustomerPicker } from "../record/CustomerPicker";
import { checkDuplicates } from "./api";
import { MergeDialog } from "./MergeDialog";
import { Reasons } from "./Reasons";

export function MergeWith({ customer, onClose }: { customer: Customer; onClose: () => void }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [otherId, setOtherId] = useState<string>();
  const [comparing, setComparing] = useState(false);
  const { kind, name, phone, idNumber, birthday, id: customerId } = customer;
  const alike = useQuery({ queryKey: ["duplicates", "of", customerId], queryFn: () => checkDuplicates({ kind, name, phone, idNumber, birthday, customerId }), gcTime: 0 });
  if (comparing && otherId) {
    return (
      <MergeDialog
        ids={[customerId, otherId]}
        onClose={onClose}
        onMerged={(merge) => {
          onClose();
          if (merge.survivor && merge.survivor.id !== customerId) void navigate(`/customers/${merge.survivor.id}`);
        }}
      />
    );
  }
  const candidates = (alike.data?.candidates ?? []).filter((candidate) => candidate.customer?.state === "CUSTOMER_STATE_ACTIVE");
  return (
    <Modal
      open
      title={t("customers.duplicates.mergeWithTitle", { name })}
      okText={t("customers.duplicates.compare")}
      okButtonProps={{ disabled: !otherId }}
      cancelText={t("common.cancel")}
      onOk={() => setComparing(true)}
      onCancel={onClose}
      data-testid="merge-with"
    >
      <Flex vertical gap={12}>
        <label htmlFor="merge-other">{t("customers.duplicates.other")}</label>
        <CustomerPicker id="merge-other" value={otherId} onChange={setOtherId} except={customerId} />
        {candidates.length > 0 && <Typography.Text type="secondary">{t("customers.duplicates.maybeThere")}</Typography.Text>}
        {candidates.map(
          ({ customer: candidate, score, reasons }) =>
            candidate && (
              <Flex key={candidate.id} vertical gap={2}>
                <Typography.Link onClick={() => { setOtherId(candidate.id); setComparing(true); }}>{[candidate.name, candidate.number, candidate.ownerName].filter(Boolean).join(" · ")}</Typography.Link>
                <Reasons score={score} reasons={reasons} />
              </Flex>
            ),
        )}
      </Flex>
    </Modal>
  );
}
