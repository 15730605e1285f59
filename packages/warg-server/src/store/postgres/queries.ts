/** What goes into a statement: texts, numbers, bytes, and lists of them as {@link bytesList} and its like write them. */
export type SqlValue = string | number | Uint8Array | null;

/** Asks and changes, one statement at a time. Rows come as arrays of columns. */
export interface Queries {
  all<Row extends readonly unknown[]>(sql: string, ...values: readonly SqlValue[]): Promise<Row[]>;
  get<Row extends readonly unknown[]>(sql: string, ...values: readonly SqlValue[]): Promise<Row | undefined>;
  /** @returns how many rows were changed */
  run(sql: string, ...values: readonly SqlValue[]): Promise<number>;
}

// Lists go as one value each, which `unnest` takes apart again: the text of a statement stays the same however long
// they are, so that it is prepared once.

export function bytesList(values: readonly (Uint8Array | null)[]): string {
  return list(values, (bytes) => {
    return `"\\\\x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')}"`;
  });
}

export function textList(values: readonly (string | null)[]): string {
  return list(values, (text) => `"${text.replace(/["\\]/g, '\\$&')}"`);
}

export function numberList(values: readonly (number | bigint | null)[]): string {
  return list(values, String);
}

function list<T>(values: readonly (T | null)[], write: (value: T) => string): string {
  return `{${values.map((value) => (value === null ? 'NULL' : write(value))).join(',')}}`;
}

/** Cuts a list into parts for one statement each, by number and by size: a statement has to fit into memory as text. */
export function* portions<T>(items: readonly T[], sizeOf: (item: T) => number): Generator<readonly T[]> {
  let start = 0;
  let size = 0;
  for (const [index, item] of items.entries()) {
    size += sizeOf(item);
    if (size < PORTION.bytes && index + 1 - start < PORTION.items) continue;
    yield items.slice(start, index + 1);
    start = index + 1;
    size = 0;
  }
  if (start < items.length) yield items.slice(start);
}

const PORTION = { items: 5000, bytes: 8 * 1024 * 1024 };
