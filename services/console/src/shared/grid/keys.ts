// What a key does in a grid of cells; pure.

export interface Place {
  row: number;
  column: number;
}

interface Size {
  rows: number;
  columns: number;
  /** Rows that a page of the keyboard moves by. */
  page: number;
}

/** Where a key leads; nothing where it leads nowhere. */
export function placeAfter(key: string, { row, column }: Place, { rows, columns, page }: Size): Place | undefined {
  const to = (nextRow: number, nextColumn: number): Place => ({
    row: Math.min(Math.max(0, nextRow), rows - 1),
    column: Math.min(Math.max(0, nextColumn), columns - 1),
  });
  if (rows === 0) return undefined;
  switch (key) {
    case "ArrowUp":
      return to(row - 1, column);
    case "ArrowDown":
      return to(row + 1, column);
    case "ArrowLeft":
      return to(row, column - 1);
    case "ArrowRight":
      return to(row, column + 1);
    case "PageUp":
      return to(row - page, column);
    case "PageDown":
      return to(row + page, column);
    case "Home":
      return to(0, column);
    case "End":
      return to(rows - 1, column);
    default:
      return undefined;
  }
}

/** What is selected when a range is drawn from one row to another, on top of what was before. */
export function withRange(before: readonly string[], ids: readonly string[], from: number, to: number): string[] {
  const range = ids.slice(Math.min(from, to), Math.max(from, to) + 1);
  return [...new Set([...before, ...range])];
}

export const toggled = (selected: readonly string[], id: string): string[] =>
  selected.includes(id) ? selected.filter((other) => other !== id) : [...selected, id];
