import { useState } from "react";
import { EllipsisOutlined } from "@ant-design/icons";
import { Button, Dropdown, type MenuProps } from "antd";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import type { Customer } from "@/api/types";
import { useAccess } from "@/app/access";
import { useActs } from "@/shared/acts";
import { useNotices } from "@/shared/notices";
import { ReasonDialog } from "@/shared/ReasonDialog";
import { claimCustomer, invalidateCustomer, restoreCustomer, returnCustomer, useCustomerChanged } from "../api";
import { MergeWith } from "../duplicates/MergeWith";
import { AssignDialog } from "../list/BulkBar";
import { ReturnDialog } from "../pool/ReturnDialog";
import { AccessDrawer } from "./access/AccessDrawer";
import { InteractionForm } from "./InteractionForm";

/** What can be done to the customer as a whole, by what the caller may do and whose it is. */
export function CustomerActions({ customer }: { customer: Customer }) {
  const { t } = useTranslation();
  const { can, reaches, profile } = useAccess();
  const notices = useNotices();
  const changed = useCustomerChanged();
  const { attempt } = useActs(changed);
  const navigate = useNavigate();
  const [dialog, setDialog] = useState<"assign" | "return" | "invalidate" | "interaction" | "access" | "merge">();
  const own = customer.ownerId !== "" && customer.ownerId === profile?.id;
  const inPool = customer.ownerId === "";
  const invalid = customer.state === "CUSTOMER_STATE_INVALID";

  const restore = () => attempt(() => restoreCustomer(customer.id, customer.etag), t("customers.restored"));
  const claim = () => attempt(() => claimCustomer(customer.id), t("customers.pool.claimed", { name: customer.name }));

  const items: MenuProps["items"] = [
    ...(can("PERMISSION_ACCESS_EXPLAIN") ? [{ key: "access", label: t("customers.access.open"), onClick: () => setDialog("access") }] : []),
    ...(can("PERMISSION_AUDIT_READ") ? [{ key: "audit", label: t("administration.audit.ofRecord"), onClick: () => void navigate(`/audit?record=${customer.id}`) }] : []),
    ...(reaches("PERMISSION_CUSTOMERS_ASSIGN", customer) && !invalid ? [{ key: "assign", label: t("customers.assign.title"), onClick: () => setDialog("assign") }] : []),
    ...(can("PERMISSION_CUSTOMERS_CLAIM") && own ? [{ key: "return", label: t("customers.pool.return"), onClick: () => setDialog("return") }] : []),
    ...(reaches("PERMISSION_CUSTOMERS_INVALIDATE", customer) && reaches("PERMISSION_CUSTOMERS_UPDATE", customer) && !invalid ? [{ key: "merge", label: t("customers.duplicates.mergeWith"), onClick: () => setDialog("merge") }] : []),
    ...(reaches("PERMISSION_CUSTOMERS_INVALIDATE", customer) && !customer.mergedIntoId
      ? [
          invalid
            ? { key: "restore", label: t("customers.restore"), onClick: () => void restore() }
            : { key: "invalidate", label: t("customers.invalidate"), danger: true, onClick: () => setDialog("invalidate") },
        ]
      : []),
  ];
  const close = () => setDialog(undefined);
  return (
    <>
      {can("PERMISSION_CUSTOMERS_CLAIM") && inPool && !invalid && (
        <Button type="primary" onClick={() => void claim()}>
          {t("customers.pool.claim")}
        </Button>
      )}
      {reaches("PERMISSION_INTERACTIONS_WRITE", customer) && !invalid && (
        <Button type={inPool ? "default" : "primary"} onClick={() => setDialog("interaction")} data-testid="add-interaction">
          {t("customers.interaction.add")}
        </Button>
      )}
      {items.length > 0 && (
        <Dropdown trigger={["click"]} menu={{ items }} placement="bottomRight">
          <Button icon={<EllipsisOutlined />} aria-label={t("common.more")} data-testid="customer-menu" />
        </Dropdown>
      )}
      <InteractionForm customerId={customer.id} interaction={undefined} open={dialog === "interaction"} onClose={close} />
      <AccessDrawer customer={customer} open={dialog === "access"} onClose={close} />
      {dialog === "merge" && <MergeWith customer={customer} onClose={close} />}
      <AssignDialog open={dialog === "assign"} ids={[customer.id]} onClose={close} />
      <ReturnDialog
        open={dialog === "return"}
        title={t("customers.pool.returnTitle", { name: customer.name })}
        onClose={close}
        onReturn={async (reason) => {
          await returnCustomer(customer.id, { ...reason, etag: customer.etag });
          notices.done(t("customers.pool.returned"));
          await changed();
        }}
      />
      <ReasonDialog
        open={dialog === "invalidate"}
        title={t("customers.invalidateTitle", { name: customer.name })}
        text={t("customers.invalidateText")}
        okText={t("customers.invalidate")}
        danger
        onClose={close}
        onSubmit={async (reason) => {
          const after = await invalidateCustomer(customer.id, reason, customer.etag);
          notices.undoable(t("customers.invalidated"), () => void attempt(() => restoreCustomer(after.id, after.etag), t("customers.restored")));
          await changed();
        }}
      />
    </>
  );
}
