/** The keys that move through the rows of a table, and by how many rows; the ends are farther than any table is long. */
export const ROW_KEYS: Readonly<Record<string, number>> = {
  ArrowDown: 1,
  ArrowUp: -1,
  PageDown: 10,
  PageUp: -10,
  Home: -1e9,
  End: 1e9,
};
