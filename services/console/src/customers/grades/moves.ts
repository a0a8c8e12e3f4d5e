// Where a change of rules would move customers, and two schemes at once, as tables.

interface Move {
  before: string;
  after: string;
  customerCount: string;
}

/** Those who move, most first, and how many stay. */
export function told(moves: Move[]): { moving: Move[]; movingCount: number; stayingCount: number } {
  const moving = moves.filter(({ before, after }) => before !== after);
  const sum = (some: Move[]) => some.reduce((total, { customerCount }) => total + Number(customerCount), 0);
  moving.sort((one, other) => Number(other.customerCount) - Number(one.customerCount));
  return { moving, movingCount: sum(moving), stayingCount: sum(moves) - sum(moving) };
}

interface Pair {
  row: string;
  column: string;
  customerCount: string;
}

/** Counts by row and column, and the sums at the margins. */
export function table(pairs: Pair[]) {
  const cells = new Map(pairs.map(({ row, column, customerCount }) => [`${row}/${column}`, Number(customerCount)]));
  const sum = (of: (pair: Pair) => boolean) => pairs.filter(of).reduce((total, { customerCount }) => total + Number(customerCount), 0);
  return {
    at: (row: string, column: string) => cells.get(`${row}/${column}`) ?? 0,
    ofRow: (row: string) => sum((pair) => pair.row === row),
    ofColumn: (column: string) => sum((pair) => pair.column === column),
    all: sum(() => true),
  };
}
