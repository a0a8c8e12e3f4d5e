// Which rows of a long list stand in the document; pure.

export interface Range {
  first: number;
  /** Behind the last one. */
  last: number;
}

interface View {
  /** How far the list's beginning has gone beyond the upper edge, and how much of the list fits between the edges. */
  gone: number;
  height: number;
  rowHeight: number;
  count: number;
}

/** Rows on each side of what is seen, so that a turn of the wheel finds them there. */
const around = 20;
/** The window moves by so many, since every move draws the rows anew. */
const step = 10;
/** A list that is no longer than this stands there whole. */
export const whole = 100;

export function windowOf({ gone, height, rowHeight, count }: View): Range {
  if (count <= whole) return { first: 0, last: count };
  const seen = Math.min(Math.max(0, Math.floor(gone / rowHeight)), count - 1);
  const fitting = Math.ceil(height / rowHeight);
  return {
    first: Math.max(0, Math.floor((seen - around) / step) * step),
    last: Math.min(count, Math.ceil((seen + fitting + around) / step) * step),
  };
}

/** Further rows are asked for when so few are left below the window. */
const ahead = 150;

export const wantsMore = (range: Range, count: number) => count - range.last < ahead;
