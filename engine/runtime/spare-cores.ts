/**
 * Chooses the number of threads on a machine shared with other processes. Threads of one computation wait for each other
 * after every operation; if other processes compute, one thread waits for a core, and the rest wait for that thread. Less
 * spinning does not help: without it two threads were as slow (12 to 15 instead of 11 to 27 tokens/s next to 13 other
 * processes on 2 cores), and a single thread was faster (25 to 33). Results do not depend on the number of threads.
 */
import fs from 'node:fs';
import os from 'node:os';

/** Times in seconds since an arbitrary start. */
export interface CoreTimes {
  /** Wall-clock time. */
  elapsed: number;
  /** CPU time of this process. */
  own: number;
  /** Idle time, summed over all cores. */
  idle: number;
}

function coreTimes(): CoreTimes {
  const { user, system } = process.cpuUsage();
  const idle = os.cpus().reduce((sum, { times }) => sum + times.idle, 0) / 1000;
  return { elapsed: performance.now() / 1000, own: (user + system) / 1e6, idle };
}

/** Logical cores per physical core: 2 with hyper-threading, if Linux reports it. */
function threadsPerCore(): number {
  try {
    return fs.readFileSync('/sys/devices/system/cpu/smt/active', 'utf8').trim() === '1' ? 2 : 1;
  } catch {
    return 1;
  }
}

/** Minimum seconds until the first check, and between later ones. A new number of threads requires new sessions. */
const FIRST_CHECK_SECONDS = 0.1;
const CHECK_INTERVAL_SECONDS = 20;

/** Measures from time to time how many cores other processes leave idle. */
export class SpareCores {
  private last: CoreTimes;
  private looks = 0;
  private decided: number | null = null;
  /** The result of the last check, if it was an increase that is not yet confirmed. */
  private more: number | null = null;

  /** @param cores logical cores that this process may use @param perCore how many of them share a physical one */
  constructor(
    private readonly cores: number,
    private readonly perCore: number,
    private readonly times: () => CoreTimes,
  ) {
    this.last = times();
  }

  /** Those of this machine. */
  static here(): SpareCores {
    return new SpareCores(os.availableParallelism(), threadsPerCore(), coreTimes);
  }

  /** The useful number of threads, at least 1; null: all cores, since nothing else uses them. */
  threads(): number | null {
    const now = this.times();
    const elapsed = now.elapsed - this.last.elapsed;
    if (elapsed < (this.looks === 0 ? FIRST_CHECK_SECONDS : CHECK_INTERVAL_SECONDS)) return this.decided;
    const free = (now.own - this.last.own + now.idle - this.last.idle) / elapsed;
    this.last = now;
    this.looks++;
    const found = free > this.cores - 0.5 ? null : Math.max(1, Math.round(free / this.perCore));
    const size = (threads: number | null) => threads ?? this.cores + 1;
    // An increase takes two checks in a row, since other processes may only pause briefly.
    const rises = this.looks > 1 && size(found) > size(this.decided);
    if (rises && (this.more === null || this.more !== size(found))) this.more = size(found);
    else {
      this.decided = found;
      this.more = null;
    }
    return this.decided;
  }
}
