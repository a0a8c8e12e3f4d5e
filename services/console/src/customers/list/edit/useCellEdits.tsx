// Changes of single cells: shown at once, taken back when the service refuses, and undone by a button or Ctrl+Z.
import { useEffect, useEffectEvent, useRef, useState } from "react";
import { useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { asProblem } from "@/api/problem";
import type { Customer } from "@/api/types";
import { useAccess } from "@/app/access";
import { same } from "@/shared/changes";
import type { GridEdits } from "@/shared/grid/Grid";
import { useNotices } from "@/shared/notices";
import { getCustomer, updateCustomer } from "../../api";
import type { Attribute } from "../../attributes";
import type { PlainValue } from "../../fields/values";
import type { CustomerChanges } from "../../record/formValues";
import { CellEditor } from "./CellEditor";
import { CellFault } from "./CellFault";
import { cellPatch, cellValue, clearAttributes, isOpen, withPatch } from "./editable";
import { putRow } from "./rows";

interface Done {
  number: number;
  /** As it was saved last. */
  customer: Customer;
  attribute: Attribute;
  /** The value before. */
  value: PlainValue;
}

/** More steps than anybody goes back. */
const mostSteps = 100;

export function useCellEdits(rows: Customer[], columns: Attribute[]): GridEdits<Customer> {
  const { t } = useTranslation();
  const { reaches } = useAccess();
  const notices = useNotices();
  const queries = useQueryClient();
  const [faults, setFaults] = useState<ReadonlyMap<string, string>>(new Map());
  const done = useRef<Done[]>([]);
  const steps = useRef(0);
  const underWay = useRef(new Map<string, Promise<Customer | undefined>>());
  const clear = clearAttributes(rows, columns);
  const attributeOf = (key: string) => columns.find((attribute) => attribute.path === key);
  const place = (customer: Customer, attribute: Attribute) => `${customer.id} ${attribute.path}`;
  const setFault = (where: string, text?: string) =>
    setFaults((before) => {
      const others = [...before].filter(([key]) => key !== where);
      return new Map(text ? [...others, [where, text]] : others);
    });

  const send = async (earlier: Promise<Customer | undefined> | undefined, before: Customer, attribute: Attribute, patch: CustomerChanges): Promise<Customer | undefined> => {
    const known = await earlier;
    const customer = known ?? before;
    // What came before has just put the row as it was without this.
    if (known) putRow(queries, withPatch(known, attribute, patch));
    const where = place(customer, attribute);
    try {
      const saved = await updateCustomer(customer.id, { ...patch.body, etag: customer.etag }, patch.mask);
      putRow(queries, saved);
      void queries.invalidateQueries({ queryKey: ["timeline", customer.id] });
      return saved;
    } catch (error) {
      putRow(queries, customer);
      const problem = asProblem(error);
      setFault(where, problem.isConflict ? t("lists.cell.conflict") : [problem.detail, ...problem.fieldViolations.map(({ description }) => description)].at(-1) || t("common.fault.offline"));
      // Another try is made on what is there by now.
      if (problem.isConflict || earlier) await getCustomer(customer.id).then((latest) => putRow(queries, latest), () => undefined);
      return undefined;
    }
  };
  /** The customer as it was saved; nothing when it was refused. Changes of one customer are made one after the other. */
  const write = (customer: Customer, attribute: Attribute, value: PlainValue): Promise<Customer | undefined> => {
    const patch = cellPatch(customer, attribute, value);
    setFault(place(customer, attribute));
    if (patch.mask.length === 0) return Promise.resolve(undefined);
    putRow(queries, withPatch(customer, attribute, patch));
    const work = send(underWay.current.get(customer.id), customer, attribute, patch);
    underWay.current.set(customer.id, work);
    void work.finally(() => {
      if (underWay.current.get(customer.id) === work) underWay.current.delete(customer.id);
    });
    return work;
  };
  /** What was done to the same customer before is undone on what it is now. */
  const follow = (saved: Customer) => {
    done.current = done.current.map((other) => (other.customer.id === saved.id ? { ...other, customer: saved } : other));
  };
  const takeBack = async (number: number | undefined) => {
    const step = done.current.find((other) => other.number === number);
    if (!step) return;
    done.current = done.current.filter((other) => other !== step);
    // Somebody may have changed other fields since, which is no reason to refuse.
    const known = rows.find(({ id }) => id === step.customer.id);
    const set = cellValue(step.customer, step.attribute);
    const latest = known && same(cellValue(known, step.attribute), set) ? known : step.customer;
    const restored = await write(latest, step.attribute, step.value);
    if (!restored) return;
    follow(restored);
    notices.done(t("common.undone"));
  };
  const save = async (customer: Customer, attribute: Attribute, value: PlainValue) => {
    const before = cellValue(customer, attribute);
    const patch = cellPatch(customer, attribute, value);
    const number = (steps.current += 1);
    // It can be undone before it is saved, and then is so right behind it.
    if (patch.mask.length > 0) done.current = [...done.current, { number, customer: withPatch(customer, attribute, patch), attribute, value: before }].slice(-mostSteps);
    const saved = await write(customer, attribute, value);
    const stands = done.current.some((step) => step.number === number);
    if (!saved) done.current = done.current.filter((step) => step.number !== number);
    if (!saved || !stands) return;
    follow(saved);
    notices.undoable(t("lists.cell.saved", { name: saved.name, field: attribute.label }), () => void takeBack(number), "undo-cell");
  };
  const undo = () => void takeBack(done.current.at(-1)?.number);

  const onKey = useEffectEvent((event: KeyboardEvent) => {
    const target = event.target as HTMLElement;
    const typing = target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
    if (typing || event.shiftKey || !(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z") return;
    event.preventDefault();
    undo();
  });
  useEffect(() => {
    const listen = (event: KeyboardEvent) => onKey(event);
    document.addEventListener("keydown", listen);
    return () => document.removeEventListener("keydown", listen);
  }, []);

  return {
    may: (customer, key) => {
      const attribute = attributeOf(key);
      return attribute !== undefined && isOpen(customer, attribute, clear) && reaches("PERMISSION_CUSTOMERS_UPDATE", customer);
    },
    editor: (customer, key, leave) => {
      const attribute = attributeOf(key);
      return attribute && <CellEditor attribute={attribute} value={cellValue(customer, attribute)} onSave={(value) => void save(customer, attribute, value)} leave={leave} />;
    },
    fault: (customer, key) => {
      const text = faults.get(`${customer.id} ${key}`);
      return text && <CellFault text={text} onClose={() => setFault(`${customer.id} ${key}`)} />;
    },
    undo,
  };
}
