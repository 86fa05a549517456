/**
 * How many threads are worth having on a machine that others use too. Threads of one computation wait for each other after
 * every operation; where others compute, one of them waits for a core, and the rest wait for it. Spinning less does
 * not help: without it two threads were as slow (12 to 15 instead of 11 to 27 tokens/s beside 13 others on 2 cores), and one
 * thread alone was faster (25 to 33). What is computed does not depend on their number.
 */
import fs from 'node:fs';
import os from 'node:os';

/** Seconds since some moment. */
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

/** Logical cores for each core: 2 with hyper-threading, where Linux says so. */
function threadsPerCore(): number {
  try {
    return fs.readFileSync('/sys/devices/system/cpu/smt/active', 'utf8').trim() === '1' ? 2 : 1;
  } catch {
    return 1;
  }
}

/** Seconds that the first look takes at least, and each other. Sessions are made again where the number changes. */
const FIRST = 0.1;
const EVERY = 20;

/** Looks from time to time at what others leave. */
export class SpareCores {
  private last: CoreTimes;
  private looks = 0;
  private decided: number | null = null;
  /** What the last look found, if it was more than what holds. */
  private more: number | null = null;

  /** @param cores logical cores that this process may use */
  constructor(
    private readonly cores: number = os.availableParallelism(),
    private readonly times: () => CoreTimes = coreTimes,
    private readonly perCore: number = threadsPerCore(),
  ) {
    this.last = times();
  }

  /** Threads that help now, at least 1; null: others leave everything, and all cores are taken. */
  threads(): number | null {
    const now = this.times();
    const elapsed = now.elapsed - this.last.elapsed;
    if (elapsed < (this.looks === 0 ? FIRST : EVERY)) return this.decided;
    const free = (now.own - this.last.own + now.idle - this.last.idle) / elapsed;
    this.last = now;
    this.looks++;
    const found = free > this.cores - 0.5 ? null : Math.max(1, Math.round(free / this.perCore));
    const size = (threads: number | null) => threads ?? this.cores + 1;
    // Others that pause for a moment are not gone.
    const rises = this.looks > 1 && size(found) > size(this.decided);
    if (rises && (this.more === null || this.more !== size(found))) this.more = size(found);
    else {
      this.decided = found;
      this.more = null;
    }
    return this.decided;
  }
}
