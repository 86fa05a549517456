/** Entry point of a judging thread: receives groups, and returns what the journal appends. */
import { parentPort, workerData } from 'node:worker_threads';
import type { GradingRules } from '../grading/grader.ts';
import { judgeGroup } from './judge.ts';
import type { JudgeReply, JudgeRequest } from './judges.ts';

if (!parentPort) throw new Error('this file is a worker');
const port = parentPort;
const rules = workerData.rules as GradingRules;

port.on('message', ({ number, group }: JudgeRequest) => {
  try {
    const written = judgeGroup(group, rules);
    port.postMessage({ number, written } satisfies JudgeReply, [written.frame.buffer as ArrayBuffer]);
  } catch (error) {
    port.postMessage({ number, failure: (error as Error).stack ?? String(error) } satisfies JudgeReply);
  }
});
