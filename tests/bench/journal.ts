/** A journal for benchmarks: the folder of a run without a model, whose problems have short texts. */
import { createJournal } from '../../engine/journal/create.ts';
import type { Journal } from '../../engine/journal/journal.ts';
import {
  type GroupDetail,
  majorityOf,
  type Problem,
  RUN_FORMAT,
  RunConfig,
  type TokenColumns,
} from '../../engine/protocol/index.ts';
import { judged } from '../support/judged.ts';

/** @param groups problems of a step @param rollouts of a group */
export async function createBenchJournal(
  at: string,
  { problems, steps, groups, rollouts }: { problems: number; steps: number; groups: number; rollouts: number },
): Promise<Journal> {
  const config = RunConfig.parse({ dataset: { path: 'embedded' }, steps, batch: groups, votes: rollouts });
  const list = Array.from({ length: problems }, (_, index): Problem => {
    const text = `How many are ${index} and none? Answer briefly, and put the answer in a box.`;
    return { index, id: `p-${index}`, text, answer: String(index), source: 'embedded', row: index, line: index + 1 };
  });
  const created = new Date(0).toISOString();
  const facts = { versions: {}, modelFingerprint: 'm', dataFingerprint: 'd' };
  const origin = { engine: 'rollscope', version: null, files: [] };
  const runFile = { format: RUN_FORMAT, created, origin, config, foreign: null, ...facts };
  const prompts = list.map(({ index, text }) => ({ problem: index, text, tokens: [1, 2, 3] }));
  const journal = await createJournal(at, { runFile, problems: list, prompts });
  const model = { name: 'm', parameters: 1, trainable: 1, vocabulary: 19, fingerprint: 'm' };
  const counts = { problems, evaluationProblems: 0 };
  journal.append({ type: 'run', config, ...counts, model, dataFingerprint: 'd', device: 'cpu' });
  return journal;
}

export interface BenchText {
  text: string;
  tokenTexts: readonly string[];
  /** Of the token at a place, nats. */
  logprob?(t: number, rollout: number): number;
}

/** A group whose rollouts gave these answers, with statistics of every token. */
export function benchGroup(
  { problem, step }: { problem: number; step: number },
  answers: (string | null)[],
  reference: string,
  { text, tokenTexts, logprob = () => -0.5 }: BenchText,
): GroupDetail {
  const { clusters, rollouts } = judged(answers, reference);
  const numbers = (value: (t: number) => number) => Float32Array.from(tokenTexts, (_, t) => value(t));
  const half = () => numbers(() => 0.5);
  return {
    ...{ phase: 'train', step, problem, clusters: [...clusters], evidence: {} },
    majority: majorityOf({ clusters, rollouts }),
    rollouts: rollouts.map((facts, i) => ({
      ...facts,
      ...{ text, rewards: {}, why: [], foreign: {}, tokens: tokenTexts.length },
      tokenTexts: [...tokenTexts],
      ids: new Int32Array(tokenTexts.length),
      statistics: {
        logprob: numbers((t) => logprob(t, i)),
        ...{ entropy: half(), logsumexp: half(), meanLogit: half(), top1: half(), top2: half() },
      } satisfies TokenColumns,
    })),
  };
}
