// Where the faults of a file lie; pure.
import type { ImportColumn, ImportRowError } from "@/api/types";

type Faults = Pick<ImportRowError, "errors">;

export const isFaulty = ({ errors }: Faults, header: string) => header !== "" && errors.some((error) => error.header === header);

/** Columns with a fault in any row come first: a wide file would hide them. Each keeps its place in the file, by which its cells are found. */
export function faultyFirst(columns: readonly ImportColumn[], rows: readonly Faults[]): { header: string; place: number }[] {
  const placed = columns.map(({ header }, place) => ({ header, place, sound: !rows.some((row) => isFaulty(row, header)) }));
  return placed.sort((left, right) => Number(left.sound) - Number(right.sound)).map(({ header, place }) => ({ header, place }));
}
