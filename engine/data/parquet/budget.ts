/**
 * Limits the memory that a file may make the program use. A few bytes of a Parquet file can represent millions of values,
 * so memory is counted before it is allocated, and a file that needs too much is refused instead of crashing the process.
 */
import { getHeapStatistics } from 'node:v8';

/** Bytes of a reference, and of an object without its contents. */
export const REFERENCE = 8;
export const OBJECT = 32;

/** Bytes that may still be allocated. */
export class Budget {
  #left: number;
  readonly #limit: number;

  /** `limit` in bytes (default: half of what the V8 heap can still grow by). */
  constructor(limit = heapLeft() / 2) {
    this.#limit = limit;
    this.#left = limit;
  }

  /** Throws if `bytes` more exceed the limit. */
  take(bytes: number): void {
    this.#left -= bytes;
    if (!(this.#left >= 0)) throw new Error(`its values need more than ${Math.round(this.#limit / 1e6)} MB of memory`);
  }
}

function heapLeft(): number {
  const { heap_size_limit, used_heap_size } = getHeapStatistics();
  return Math.max(0, heap_size_limit - used_heap_size);
}
