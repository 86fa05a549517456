/**
 * Memory that a file may make the program use. A few bytes of a Parquet file can stand for millions of values, so what it
 * would take is counted before it is taken, and a file that asks for too much is refused instead of ending the process.
 */
import { getHeapStatistics } from 'node:v8';

/** Bytes of a reference, and of an object without its contents. */
export const REFERENCE = 8;
export const OBJECT = 32;

/** Bytes that may still be taken: by default half of what V8's heap has left. */
export class Budget {
  #left: number;
  readonly #limit: number;

  /** `limit`: bytes; by default half of what the heap can still grow by. */
  constructor(limit = heapLeft() / 2) {
    this.#limit = limit;
    this.#left = limit;
  }

  /** Throws where `bytes` more are too much. */
  take(bytes: number): void {
    this.#left -= bytes;
    if (!(this.#left >= 0)) throw new Error(`its values need more than ${Math.round(this.#limit / 1e6)} MB of memory`);
  }
}

function heapLeft(): number {
  const { heap_size_limit, used_heap_size } = getHeapStatistics();
  return Math.max(0, heap_size_limit - used_heap_size);
}
