// Whether a record holds personal data that the caller's role masks; pure.
import type { Contact, Customer, Field } from "@/api/types";
import { isMasked } from "@/shared/masked";
import { plainValue } from "../fields/values";

export function customerIsMasked(customer: Customer, fields: readonly Field[]): boolean {
  const { phone, email, idNumber, bankAccount, addresses, customFields } = customer;
  if ([phone, email, idNumber, bankAccount, ...addresses.map(({ street }) => street)].some(isMasked)) return true;
  return holdsMasked(customFields, fields);
}

export function contactIsMasked(contact: Pick<Contact, "phone" | "email" | "wechat"> & Partial<Pick<Contact, "customFields">>, fields: readonly Field[] = []): boolean {
  const { phone, email, wechat, customFields } = contact;
  return [phone, email, wechat].some(isMasked) || holdsMasked(customFields, fields);
}

const holdsMasked = (values: Customer["customFields"] | undefined, fields: readonly Field[]) =>
  fields.some((field) => field.personalData !== "PERSONAL_DATA_UNSPECIFIED" && isMasked(plainValue(values?.[field.key])));
