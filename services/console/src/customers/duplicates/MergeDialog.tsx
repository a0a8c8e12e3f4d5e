// Customers side by side: which one survives, and whose value each field gets.
import { useState } from "react";
import { Alert, Flex, Modal, Radio, Segmented, Table, Typography } from "antd";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { Customer, FieldChoice, Merge, Survivorship } from "@/api/types";
import { FormFault } from "@/shared/FormFault";
import { useNotices } from "@/shared/notices";
import { Loaded } from "@/shared/states";
import { useCustomerChanged } from "../api";
import { AttributeValue } from "../AttributeValue";
import { useAttributes, type Attribute } from "../attributes";
import { mergeCustomers, previewMerge, undoMerge } from "./api";
import { mergeOrder } from "./merge";
import { movedText } from "./movedText";

const rules = ["SURVIVORSHIP_SURVIVOR", "SURVIVORSHIP_NEWER", "SURVIVORSHIP_FULLER"] as const;

interface MergeDialogProps {
  /** Two to five; the first survives unless another is chosen. */
  ids: readonly string[];
  onClose: () => void;
  onMerged: (merge: Merge) => void;
}

export function MergeDialog({ ids, onClose, onMerged }: MergeDialogProps) {
  const { t } = useTranslation();
  const notices = useNotices();
  const changed = useCustomerChanged();
  const [survivorId, setSurvivorId] = useState(ids[0] ?? "");
  const [rule, setRule] = useState<Survivorship>("SURVIVORSHIP_SURVIVOR");
  const [chosen, setChosen] = useState<Record<string, string>>({});
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<unknown>();
  const preview = useQuery({
    queryKey: ["mergePreview", survivorId, rule, ...ids],
    queryFn: () => previewMerge(survivorId, ids.filter((id) => id !== survivorId), rule),
    placeholderData: keepPreviousData,
    gcTime: 0,
  });

  const undo = async (made: Merge) => {
    try {
      await undoMerge(made.id);
      notices.done(t("customers.duplicates.undone"));
    } catch (error) {
      notices.fault(error);
    } finally {
      await changed();
    }
  };
  const merge = async () => {
    if (!preview.data) return;
    setBusy(true);
    setFault(undefined);
    try {
      const made = await mergeCustomers(mergeOrder(preview.data.customers, survivorId, rule, preview.data.fields, chosen));
      notices.undoable(t("customers.duplicates.mergedInto", { name: made.survivor?.name }), () => void undo(made));
      await changed();
      onMerged(made);
    } catch (error) {
      setFault(error);
      await preview.refetch();
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal
      open
      width={360 + 220 * ids.length}
      title={t("customers.duplicates.mergeTitle")}
      okText={t("customers.duplicates.merge")}
      okButtonProps={{ loading: busy, disabled: !preview.data || preview.isPlaceholderData }}
      cancelText={t("common.cancel")}
      onOk={() => void merge()}
      onCancel={onClose}
      data-testid="merge-dialog"
    >
      <FormFault fault={fault} />
      <Loaded query={preview} small>
        {({ customers, fields, moved }) => (
          <Flex vertical gap={12}>
            <Flex gap={8} align="center" wrap>
              <Typography.Text>{t("customers.duplicates.rule")}</Typography.Text>
              <Segmented value={rule} onChange={setRule} options={rules.map((value) => ({ value, label: t(`enums.Survivorship.${value}`) }))} />
            </Flex>
            <Comparison
              customers={ids.flatMap((id) => customers.filter((customer) => customer.id === id))}
              fields={fields}
              survivorId={survivorId}
              onSurvivor={setSurvivorId}
              chosen={chosen}
              onChosen={(field, id) => setChosen({ ...chosen, [field]: id })}
            />
            <Typography.Text type="secondary">{t("customers.duplicates.unseen")}</Typography.Text>
            <Alert type="info" showIcon title={moved.length > 0 ? t("customers.duplicates.moves", { what: movedText(t, moved) }) : t("customers.duplicates.movesNothing")} />
          </Flex>
        )}
      </Loaded>
    </Modal>
  );
}

interface ComparisonProps {
  customers: Customer[];
  fields: readonly FieldChoice[];
  survivorId: string;
  onSurvivor: (id: string) => void;
  chosen: Readonly<Record<string, string>>;
  onChosen: (field: string, id: string) => void;
}

/** A column for each customer, a row for each field in which they differ. */
function Comparison({ customers, fields, survivorId, onSurvivor, chosen, onChosen }: ComparisonProps) {
  const { t } = useTranslation();
  const attributes = useAttributes();
  const labelOf = (field: string) => attributes.find(({ maskPath }) => maskPath === field)?.label ?? (field === "addresses" ? t("customers.address.title") : field);
  return (
    <Table
      size="small"
      rowKey="field"
      pagination={false}
      scroll={{ x: true }}
      dataSource={[...fields]}
      locale={{ emptyText: t("customers.duplicates.alike") }}
      columns={[
        { title: t("customers.conflict.field"), dataIndex: "field", render: labelOf, fixed: "left" },
        ...customers.map((customer) => ({
          key: customer.id,
          title: (
            <Flex vertical gap={4}>
              <Link to={`/customers/${customer.id}`} target="_blank">
                {customer.name}
              </Link>
              <Typography.Text type="secondary">{[customer.number, customer.ownerName].filter(Boolean).join(" · ")}</Typography.Text>
              <Radio name="survivor" checked={customer.id === survivorId} onChange={() => onSurvivor(customer.id)}>
                {t("customers.duplicates.survives")}
              </Radio>
            </Flex>
          ),
          render: (_: unknown, { field, customerId }: FieldChoice) => (
            <Radio name={field} checked={(chosen[field] ?? customerId) === customer.id} onChange={() => onChosen(field, customer.id)} aria-label={`${labelOf(field)}: ${customer.name}`}>
              <FieldOf customer={customer} field={field} attribute={attributes.find(({ maskPath }) => maskPath === field)} />
            </Radio>
          ),
        })),
      ]}
    />
  );
}

function FieldOf({ customer, field, attribute }: { customer: Customer; field: string; attribute: Attribute | undefined }) {
  if (attribute) return <AttributeValue customer={customer} attribute={attribute} />;
  if (field !== "addresses" || customer.addresses.length === 0) return <span aria-hidden>—</span>;
  return customer.addresses.map((address, place) => <div key={place}>{[address.street, address.postalCode].filter(Boolean).join(" ")}</div>);
}
