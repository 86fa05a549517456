/**
 * The verdict of another trainer's grader on a rollout: right or wrong, if one of its values expresses it. Trainers
 * name it differently, so it is recognized by name: a value called accuracy or correct, a reward function called so,
 * otherwise the reward itself if it can mean nothing else. Pure.
 */
import type { Rollout } from './group.ts';

/** A name that indicates correctness. */
const CORRECTNESS_NAME =
  /(?:^|[^a-z])(?:acc|accuracy|correct|correctness|is_correct|solved|verified|pass)(?:[^a-z]|$)/i;

/** Names come with every rollout of a dump, and are few. */
const CACHE = new Map<string, boolean>();

function meansCorrect(name: string): boolean {
  let says = CACHE.get(name);
  if (says === undefined) {
    if (CACHE.size > 1000) CACHE.clear();
    says = CORRECTNESS_NAME.test(name);
    CACHE.set(name, says);
  }
  return says;
}

/** The name of the reward itself, if no value has a name. */
export const REWARD = 'reward';

export interface TrainerVerdict {
  /** The trainer's name for the value. */
  name: string;
  right: boolean;
}

type ReportedRollout = Pick<Rollout, 'foreign' | 'rewards' | 'reward' | 'correct'>;

/** null if no value expresses it. */
export function trainerVerdict({ foreign, rewards, reward }: Omit<ReportedRollout, 'correct'>): TrainerVerdict | null {
  for (const values of [foreign, rewards]) {
    for (const name in values) {
      if (!meansCorrect(name)) continue;
      const right = verdictValue(values[name]);
      if (right !== null) return { name, right };
    }
  }
  const right = verdictValue(reward);
  return right === null ? null : { name: REWARD, right };
}

/** Whether both judge the rollout and differ; null if one of them does not judge it. */
export function disagrees(rollout: ReportedRollout): boolean | null {
  if (rollout.correct === null) return null;
  const verdict = trainerVerdict(rollout);
  return verdict === null ? null : verdict.right !== rollout.correct;
}

/** A value that can only be a verdict, also as a table or Python's `str` writes it. */
function verdictValue(value: unknown): boolean | null {
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
