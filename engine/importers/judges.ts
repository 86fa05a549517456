/** Who judges the groups of an import: this thread, or for large dumps other threads. */
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { assetPath } from '../assets.ts';
import type { GradingRules } from '../grading/grader.ts';
import { RollscopeError } from '../protocol/errors.ts';
import { type GroupToJudge, judgeGroup, type WrittenGroup } from './judge.ts';

export interface Judges {
  /** @throws RollscopeError `internal` where a thread has failed */
  judge(group: GroupToJudge): Promise<WrittenGroup>;
  close(): Promise<void>;
}

/** This thread. */
export function sameThreadJudge(rules: GradingRules): Judges {
  return { judge: async (group) => judgeGroup(group, rules), close: async () => {} };
}

/** More threads than this wait for the one that reads. */
const MAX_THREADS = 3;

/** Messages to a judging thread, and back. */
export interface JudgeRequest {
  number: number;
  group: GroupToJudge;
}
export type JudgeReply = { number: number; written: WrittenGroup } | { number: number; failure: string };

/** From this many bytes on, starting threads is worthwhile. */
const MIN_BYTES_FOR_THREADS = 4 * 2 ** 20;

/**
 * Additional threads if there is much to judge, one fewer than the cores. The results do not depend on their number.
 */
export function judgesFor(rules: GradingRules, bytes: number): Judges {
  if (bytes <= MIN_BYTES_FOR_THREADS) return sameThreadJudge(rules);
  const file = assetPath('dist', 'judge.js');
  if (!existsSync(file)) {
    throw new RollscopeError('internal', `${file} is missing.`, 'Run `npm run build`.', {
      details: { reason: 'missing-file', file },
    });
  }
  const count = Math.max(1, Math.min(MAX_THREADS, availableParallelism() - 1));
  const threads = Array.from({ length: count }, () => new JudgeThread(file, rules));
  let next = 0;
  return {
    judge: (group) => threads[next++ % count]!.judge(group),
    close: async () => {
      await Promise.all(threads.map((thread) => thread.close()));
    },
  };
}

class JudgeThread {
  private readonly worker: Worker;
  private readonly waiting = new Map<number, { resolve(written: WrittenGroup): void; reject(error: Error): void }>();
  private asked = 0;
  private failure: RollscopeError | null = null;

  constructor(file: string, rules: GradingRules) {
    this.worker = new Worker(file, { workerData: { rules } });
    this.worker.on('message', (reply: JudgeReply) => {
      const caller = this.waiting.get(reply.number);
      this.waiting.delete(reply.number);
      if ('written' in reply) caller?.resolve(reply.written);
      else caller?.reject(failed(reply.failure));
    });
    this.worker.on('error', (error) => this.fail(error.message));
    this.worker.on('exit', (code) => this.fail(`it exited with code ${code}`));
  }

  judge(group: GroupToJudge): Promise<WrittenGroup> {
    if (this.failure) return Promise.reject(this.failure);
    const number = this.asked++;
    const judged = new Promise<WrittenGroup>((resolve, reject) => this.waiting.set(number, { resolve, reject }));
    this.worker.postMessage({ number, group } satisfies JudgeRequest);
    return judged;
  }

  async close(): Promise<void> {
    await this.worker.terminate();
  }

  private fail(why: string): void {
    this.failure ??= failed(why);
    for (const { reject } of this.waiting.values()) reject(this.failure);
    this.waiting.clear();
  }
}

function failed(why: string): RollscopeError {
  return new RollscopeError('internal', `A grading thread failed: ${why}`, undefined, {
    details: { reason: 'worker-failed' },
  });
}
