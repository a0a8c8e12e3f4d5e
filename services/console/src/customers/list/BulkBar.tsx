// What can be done to the selected rows. An assignment can be taken back: the answer names every previous owner.
import { useState } from "react";
import { Button, Flex, Modal } from "antd";
import { useTranslation } from "react-i18next";
import { useAccess } from "@/app/access";
import type { BulkChange } from "@/api/types";
import { EmployeePicker } from "@/identity/directory/EmployeePicker";
import { useNotices } from "@/shared/notices";
import { assignCustomers, returnCustomers, useCustomerChanged } from "../api";
import { ReturnDialog } from "../pool/ReturnDialog";
import { useOutcomes } from "../pool/outcomes";
import { TagDialog } from "../tags/TagDialog";
import { ownersToRestore } from "./assignment";
import { BulkChangeDialog } from "./bulk/BulkChangeDialog";
import { mostAtOnce, SelectionBar } from "./SelectionBar";

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

interface BulkBarProps {
  selected: string[];
  /** What the list is filtered by; nothing where it is no list by a filter. */
  filter: string | undefined;
  total: string;
  onStarted: (bulk: BulkChange) => void;
  onDone: () => void;
  onClear: () => void;
}

export function BulkBar({ selected, filter, total, onStarted, onDone, onClear }: BulkBarProps) {
  const { t } = useTranslation();
  const { can } = useAccess();
  const changed = useCustomerChanged();
  const tell = useOutcomes();
  const [dialog, setDialog] = useState<"assign" | "return" | "tag" | "change">();
  const tooMany = selected.length > mostAtOnce;
  const close = () => setDialog(undefined);
  return (
    <>
      <SelectionBar selected={selected} onClear={onClear}>
        {can("PERMISSION_CUSTOMERS_ASSIGN") && (
          <Button type="primary" disabled={tooMany} onClick={() => setDialog("assign")}>
            {t("customers.assign.title")}
          </Button>
        )}
        {can("PERMISSION_CUSTOMERS_UPDATE") && (
          <Button disabled={tooMany} onClick={() => setDialog("tag")} data-testid="bulk-tag">
            {t("levels.tag.put")}
          </Button>
        )}
        {can("PERMISSION_CUSTOMERS_UPDATE") && filter !== undefined && (
          <Button onClick={() => setDialog("change")} data-testid="bulk-edit">
            {t("lists.bulk.title")}
          </Button>
        )}
        {can("PERMISSION_CUSTOMERS_CLAIM") && (
          <Button disabled={tooMany} onClick={() => setDialog("return")}>
            {t("customers.pool.return")}
          </Button>
        )}
      </SelectionBar>
      <TagDialog open={dialog === "tag"} ids={selected} onClose={close} onDone={onDone} />
      <AssignDialog open={dialog === "assign"} ids={selected} onClose={close} onDone={onDone} />
      {dialog === "change" && filter !== undefined && (
        <BulkChangeDialog
          selected={selected}
          filter={filter}
          total={total}
          onClose={close}
          onStarted={(bulk) => {
            onStarted(bulk);
            close();
            onDone();
          }}
        />
      )}
      <ReturnDialog
        open={dialog === "return"}
        title={t("customers.pool.returnSeveral", { count: selected.length })}
        onClose={close}
        onReturn={async (reason) => {
          const outcomes = await returnCustomers(selected, reason);
          tell(outcomes, (count) => t("customers.pool.returnedSeveral", { count }));
          onDone();
          await changed();
        }}
      />
    </>
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
