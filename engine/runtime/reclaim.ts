/**
 * Arrays that onnxruntime returns are freed only when V8 collects garbage, and V8 may let gigabytes of them lie dead,
 * because its own heap is small. So it is asked to collect whenever this many bytes were given up.
 */
import v8 from 'node:v8';
import vm from 'node:vm';

export const MOST_DEAD_BYTES = 64 * 2 ** 20;

let collect: (() => void) | null = null;

/** Counts the bytes that were freed since the last collection. */
export class Reclaimer {
  private dead = 0;

  /** `bytes` of arrays are no longer referenced. */
  giveUp(bytes: number): void {
    this.dead += bytes;
    if (this.dead < MOST_DEAD_BYTES) return;
    this.dead = 0;
    if (!collect) {
      v8.setFlagsFromString('--expose-gc');
      collect = vm.runInNewContext('gc') as () => void;
    }
    collect();
  }
}
