/**
 * What another trainer's grader says of a rollout: right or wrong, where one of its values says so. Trainers differ in how
 * they call it, so it is known by name: a value that is called accuracy or correct, a reward function that is called so, else
 * the reward itself where it can only mean that. Pure.
 */
import type { Rollout } from './group.ts';

/** A name that says that it is about being right. */
const RIGHT = /(?:^|[^a-z])(?:acc|accuracy|correct|correctness|is_correct|solved|verified|pass)(?:[^a-z]|$)/i;

/** Names come with every rollout of a dump, and are few. */
const KNOWN = new Map<string, boolean>();

function saysRight(name: string): boolean {
  let says = KNOWN.get(name);
  if (says === undefined) {
    if (KNOWN.size > 1000) KNOWN.clear();
    says = RIGHT.test(name);
    KNOWN.set(name, says);
  }
  return says;
}

/** The name of the reward itself, where no value has a name. */
export const REWARD = 'reward';

export interface TrainerVerdict {
  /** What the trainer calls the value. */
  name: string;
  right: boolean;
}

type Judged = Pick<Rollout, 'foreign' | 'rewards' | 'reward' | 'correct'>;

/** null where no value says it. */
export function trainerVerdict({ foreign, rewards, reward }: Omit<Judged, 'correct'>): TrainerVerdict | null {
  for (const values of [foreign, rewards]) {
    for (const name in values) {
      if (!saysRight(name)) continue;
      const right = truthOf(values[name]);
      if (right !== null) return { name, right };
    }
  }
  const right = truthOf(reward);
  return right === null ? null : { name: REWARD, right };
}

/** Whether both judge the rollout and differ; null where one of them does not. */
export function disagrees(rollout: Judged): boolean | null {
  if (rollout.correct === null) return null;
  const verdict = trainerVerdict(rollout);
  return verdict === null ? null : verdict.right !== rollout.correct;
}

/** A value that can only be a verdict, also as a table or Python's `str` writes it. */
function truthOf(value: unknown): boolean | null {
  if (typeof value === 'boolean') return value;
  if (typeof value === 'string') return TRUTHS.get(value.trim().toLowerCase()) ?? null;
  if (value === 1) return true;
  return value === 0 || value === -1 ? false : null;
}

const TRUTHS: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['1', true],
  ['1.0', true],
  ['false', false],
  ['0', false],
  ['0.0', false],
  ['-1', false],
  ['-1.0', false],
]);
