/** Runs for experiments that examine problems: crafted groups of rollouts, added to a crafted run. */
import type { ExperimentRun } from '../../engine/experiments/experiment.ts';
import { type GroupRecord, groupSummary, majorityOf, type Problem } from '../../engine/protocol/index.ts';
import { type CraftedRun, craftedRun } from './experiment-context.ts';
import { judged } from './judged.ts';

export interface CraftedProblem {
  id: string;
  prompt?: string;
  answer: string | null;
}

export interface CraftedGroup {
  phase: GroupRecord['phase'];
  step: number;
  /** Index of the problem. */
  problem: number;
  answers: (string | null)[];
}

/** `count` answers, of which a fraction `part` (rounded) is `one` and the rest are `other`. */
export function split(count: number, part: number, one: string, other: string): string[] {
  return Array.from({ length: count }, (_, i) => (i < Math.round(part * count) ? one : other));
}

const known = new Map<string, Pick<ReturnType<typeof judged>, 'clusters' | 'rollouts'> & Majority>();

type Majority = { majority: ReturnType<typeof majorityOf> };

/** Thousands of crafted groups share their answers, so each distinct set is judged once. */
function judgeCached(answers: (string | null)[], reference: string | null) {
  const key = JSON.stringify([reference, answers]);
  const before = known.get(key);
  if (before) return before;
  const { clusters, rollouts } = judged(answers, reference);
  const found = { clusters, rollouts, majority: majorityOf({ clusters, rollouts }) };
  known.set(key, found);
  return found;
}

export function runWithGroups(
  problems: readonly CraftedProblem[],
  groups: readonly CraftedGroup[],
  run: CraftedRun = {},
): ExperimentRun {
  const made = craftedRun(run);
  const records = groups.map(({ phase, step, problem, answers }, i): GroupRecord => {
    const { clusters, rollouts, majority } = judgeCached(answers, problems[problem]!.answer);
    const frame = { file: 'rollouts-000.bin', offset: i, length: 1 };
    const summary = groupSummary({ phase, step, problem, clusters, majority, rollouts });
    return { type: 'group', seq: 0, time: '2026-01-01T00:00:00.000Z', ...summary, frame };
  });
  return {
    ...made,
    records: [...records, ...made.records].map((record, seq) => ({ ...record, seq })),
    problems: problems.map(
      ({ id, prompt = `${id}?`, answer }, index): Problem => ({
        index,
        id,
        text: prompt,
        answer,
        source: 'crafted',
        row: index,
        line: index + 1,
      }),
    ),
  };
}
