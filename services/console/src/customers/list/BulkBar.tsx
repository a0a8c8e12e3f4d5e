// What can be done to the selected rows. An assignment can be taken back: the answer names every previous owner.
import { useState } from "react";
import { Button, Card, Flex, Modal, Typography, theme } from "antd";
import { useTranslation } from "react-i18next";
import { useAccess } from "@/app/access";
import { EmployeePicker } from "@/identity/directory/EmployeePicker";
import { useNotices } from "@/shared/notices";
import { assignCustomers, useCustomerChanged } from "../api";
import { ownersToRestore } from "./assignment";

const mostAtOnce = 500;

export function useAssignment() {
  const { t } = useTranslation();
  const notices = useNotices();
  const changed = useCustomerChanged();

  const undo = async (previous: Map<string, string[]>) => {
    try {
      for (const [owner, ids] of previous) await assignCustomers(ids, owner);
      notices.done(t("common.undone"));
    } catch (fault) {
      notices.fault(fault);
    } finally {
      await changed();
    }
  };
  /** True when the customers went over. */
  return async (ids: string[], ownerId: string): Promise<boolean> => {
    try {
      const { previousOwners } = await assignCustomers(ids, ownerId);
      const text = t(ownerId ? "customers.assign.done" : "customers.assign.pooled", { count: ids.length });
      notices.undoable(text, () => void undo(ownersToRestore(previousOwners)));
      return true;
    } catch (fault) {
      notices.fault(fault);
      return false;
    } finally {
      await changed();
    }
  };
}

export function BulkBar({ selected, onDone, onClear }: { selected: string[]; onDone: () => void; onClear: () => void }) {
  const { t } = useTranslation();
  const { token } = theme.useToken();
  const { can } = useAccess();
  const [assigning, setAssigning] = useState(false);
  if (selected.length === 0) return null;
  const tooMany = selected.length > mostAtOnce;
  return (
    <div role="region" aria-label={t("customers.list.selection")} style={{ position: "sticky", bottom: 16, zIndex: 10, display: "flex", justifyContent: "center", pointerEvents: "none" }}>
      <Card size="small" style={{ boxShadow: token.boxShadowSecondary, background: token.colorBgElevated, pointerEvents: "auto" }} data-testid="bulk-bar">
        <Flex gap={12} align="center" wrap>
          <strong>{t("customers.list.selected", { count: selected.length })}</strong>
          {tooMany && <Typography.Text type="warning">{t("customers.list.tooMany", { most: mostAtOnce })}</Typography.Text>}
          {can("PERMISSION_CUSTOMERS_ASSIGN") && (
            <Button type="primary" disabled={tooMany} onClick={() => setAssigning(true)}>
              {t("customers.assign.title")}
            </Button>
          )}
          <Button type="text" onClick={onClear}>
            {t("customers.list.clearSelection")}
          </Button>
        </Flex>
      </Card>
      <AssignDialog open={assigning} ids={selected} onClose={() => setAssigning(false)} onDone={onDone} />
    </div>
  );
}

interface AssignDialogProps {
  open: boolean;
  ids: string[];
  onClose: () => void;
  onDone?: () => void;
}

export function AssignDialog({ open, ids, onClose, onDone }: AssignDialogProps) {
  const { t } = useTranslation();
  const assign = useAssignment();
  const [owner, setOwner] = useState<string>();
  const [busy, setBusy] = useState(false);
  const submit = async (ownerId: string) => {
    setBusy(true);
    const done = await assign(ids, ownerId);
    setBusy(false);
    if (!done) return;
    setOwner(undefined);
    onClose();
    onDone?.();
  };
  return (
    <Modal
      open={open}
      title={t("customers.assign.question", { count: ids.length })}
      onCancel={onClose}
      footer={
        <Flex justify="space-between" wrap gap={8}>
          <Button onClick={() => void submit("")} disabled={busy}>
            {t("customers.assign.toPool")}
          </Button>
          <Flex gap={8}>
            <Button onClick={onClose}>{t("common.cancel")}</Button>
            <Button type="primary" disabled={!owner} loading={busy} onClick={() => owner && void submit(owner)} data-testid="assign">
              {t("customers.assign.title")}
            </Button>
          </Flex>
        </Flex>
      }
      destroyOnHidden
    >
      <label htmlFor="assign-owner" style={{ display: "block", marginBottom: 8 }}>
        {t("customers.assign.newOwner")}
      </label>
      <EmployeePicker id="assign-owner" value={owner} onChange={setOwner} offerMe autoFocus />
    </Modal>
  );
}
