// The initial passwords of an import as a file for a spreadsheet program; pure.
import type { ImportedEmployee } from "@/api/types";

/** Quoted, and never taken for a formula. */
function cell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return `"${safe.replaceAll('"', '""')}"`;
}

/** The mark at the beginning tells Excel that it is UTF-8. */
export function passwordSheet(headers: string[], employees: readonly Pick<ImportedEmployee, "loginName" | "displayName" | "initialPassword">[]): string {
  const rows = employees.map(({ loginName, displayName, initialPassword }) => [loginName, displayName, initialPassword]);
  return `\uFEFF${[headers, ...rows].map((row) => row.map(cell).join(",")).join("\r\n")}\r\n`;
}
