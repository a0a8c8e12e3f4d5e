// Whether a record holds personal data that the caller's role masks; pure.
import type { Contact, Customer, Field } from "@/api/types";
import { isMasked } from "@/shared/masked";
import { plainValue } from "../fields/values";

export function customerIsMasked(customer: Customer, fields: readonly Field[]): boolean {
  const { phone, email, idNumber, bankAccount, addresses, customFields } = customer;
  if ([phone, email, idNumber, bankAccount, ...addresses.map(({ street }) => street)].some(isMasked)) return true;
  return fields.some((field) => field.personalData !== "PERSONAL_DATA_UNSPECIFIED" && isMasked(plainValue(customFields?.[field.key])));
}

export const contactIsMasked = ({ phone, email, wechat }: Pick<Contact, "phone" | "email" | "wechat">) => [phone, email, wechat].some(isMasked);
