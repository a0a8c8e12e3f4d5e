import type { Customer } from "@/api/types";
import { EntryLabel } from "../dictionaries/pickers";

/** Every grade that a customer holds, each in its colour. */
export function GradeChips({ customer }: { customer: Customer }) {
  const own = { level: customer.level, grade: customer.grade, credit: customer.credit };
  const grades = Object.entries({ ...own, ...customer.grades }).filter(([, code]) => code);
  return grades.map(([scheme, code]) => <EntryLabel key={scheme} dictionary={scheme} code={code} />);
}
