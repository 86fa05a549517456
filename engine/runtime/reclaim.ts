/**
 * Triggers garbage collection: arrays returned by onnxruntime are freed only when V8 collects, and since V8's own heap
 * is small, it may leave gigabytes of them uncollected.
 */
import v8 from 'node:v8';
import vm from 'node:vm';

export const MAX_DEAD_BYTES = 64 * 2 ** 20;

let collect: (() => void) | null = null;

/** Counts the bytes released since the last collection. */
export class Reclaimer {
  private dead = 0;

  /** `bytes` of arrays are no longer referenced; collects if there are too many. */
  discard(bytes: number): void {
    this.dead += bytes;
    if (this.dead < MAX_DEAD_BYTES) return;
    this.dead = 0;
    if (!collect) {
      v8.setFlagsFromString('--expose-gc');
      collect = vm.runInNewContext('gc') as () => void;
    }
    collect();
  }
}
