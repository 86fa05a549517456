/** Tables as typed arrays, one for each column, that grow at the end. Pure. */

export type Column = Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Float32Array | Float64Array;
type ColumnConstructor = Int8ArrayConstructor | Uint8ArrayConstructor | Int32ArrayConstructor | Float64ArrayConstructor;
export type Columns<S extends Schema> = { [K in keyof S]: InstanceType<S[K]> };
/** The type of each column. */
export type Schema = Readonly<Record<string, ColumnConstructor>>;
/** Rows of a table in transit: every column truncated to the same length. */
export type PackedTable = Record<string, Column>;

const FIRST_CAPACITY = 64;
/** Rows above which a table grows by a quarter. */
const SLOW_GROWTH_ROWS = 2 ** 18;

/**
 * A table with the columns of a schema. Rows are added at the end, changed in place, or cut off. Adopted arrays can be
 * narrower than the schema's, with the same numbers; they are replaced when rows are added.
 */
export class Table<S extends Schema> {
  private arrays: Columns<S>;
  private rows = 0;
  private capacity = 0;
  private narrow = false;

  constructor(private readonly schema: S) {
    this.arrays = this.allocate(0);
  }

  get length(): number {
    return this.rows;
  }

  /** The columns; only the first `length` entries count. They are replaced when the table grows: do not keep them. */
  get columns(): Readonly<Columns<S>> {
    return this.arrays;
  }

  /** Adds a row and returns its number; the caller sets all of its columns, which is five times as fast as `push`. */
  add(): number {
    if (this.rows === this.capacity) this.reserve(this.rows + 1);
    return this.rows++;
  }

  /** Adds a row and returns its number. */
  push(row: { [K in keyof S]: number }): number {
    const added = this.add();
    for (const name in this.schema) this.arrays[name]![added] = row[name]!;
    return added;
  }

  set(row: number, name: keyof S, value: number): void {
    const array = this.arrays[name]!;
    array[row] = value;
    if (!this.narrow || Object.is(array[row], value)) return;
    const wide = new this.schema[name]!(this.capacity);
    wide.set(array);
    wide[row] = value;
    this.arrays = { ...this.arrays, [name]: wide };
  }

  /** Drops the rows from `length` on. */
  truncate(length: number): void {
    this.rows = Math.min(this.rows, length);
    // so that the next row makes room
    if (this.narrow) this.capacity = this.rows;
  }

  /** Copies of the rows from `from` on. */
  pack(from = 0): PackedTable {
    return Object.fromEntries(
      Object.keys(this.schema).map((name) => [name, this.arrays[name]!.slice(from, this.rows)]),
    );
  }

  /** The rows themselves, until the table changes. */
  view(): PackedTable {
    return Object.fromEntries(
      Object.keys(this.schema).map((name) => [name, this.arrays[name]!.subarray(0, this.rows)]),
    );
  }

  /** Adds rows that `pack` returned. */
  append(packed: PackedTable): void {
    const names = Object.keys(this.schema);
    const count = packed[names[0]!]!.length;
    this.reserve(this.rows + count);
    for (const name of names) this.arrays[name]!.set(packed[name]!, this.rows);
    this.rows += count;
  }

  /** Takes over the arrays that `pack` returned, replacing all rows. Nobody else may change them from then on. */
  adopt(packed: PackedTable): void {
    this.arrays = packed as Columns<S>;
    this.rows = packed[Object.keys(this.schema)[0]!]!.length;
    this.capacity = this.rows;
    this.narrow = true;
  }

  /**
   * Makes room for this many rows. Unused room takes no memory, while arrays that grow repeatedly take twice as much as
   * they need.
   */
  reserve(rows: number): void {
    if (rows <= this.capacity) return;
    const grown = Math.ceil(this.capacity * (this.capacity < SLOW_GROWTH_ROWS ? 2 : 1.25));
    this.capacity = Math.max(FIRST_CAPACITY, rows, grown);
    // One after another, so that at most one array exists twice.
    const arrays = { ...this.arrays } as Record<string, Column>;
    for (const [name, Constructor] of Object.entries(this.schema)) {
      const longer = new Constructor(this.capacity);
      longer.set(arrays[name]!.subarray(0, this.rows));
      arrays[name] = longer;
      this.arrays = arrays as Columns<S>;
    }
    this.narrow = false;
  }

  private allocate(capacity: number): Columns<S> {
    return Object.fromEntries(
      Object.entries(this.schema).map(([name, Constructor]) => [name, new Constructor(capacity)]),
    ) as Columns<S>;
  }
}
