/**
 * Rewards that a program outside gives: the model's own program against tests, Lean, and the user's program. The engine
 * runs them (`engine/external`) and stores what they said; here it becomes rewards. A program that crashes, hangs or takes
 * too much gets 0.
 */
import { shortNumber } from '../protocol/format.ts';
import type { Check } from '../protocol/programs.ts';
import type { EvidenceGroup } from './evidence.ts';
import { listOf, numberShape, record, type ShapeValue, textShape } from './shape.ts';
import type { Group, Scores } from './types.ts';

/** The evidence of rewards that check each response: a score and its reason, in the order of the rollouts. */
export const CHECKS = record({ checks: listOf(record({ score: numberShape, detail: textShape })) });
type Checks = ShapeValue<typeof CHECKS>;

/** Checks of all rollouts in a row, divided among their groups. */
export function splitByGroup(groups: readonly EvidenceGroup[], checks: readonly Check[]): Checks[] {
  let at = 0;
  return groups.map(({ rollouts }) => {
    const own = checks.slice(at, at + rollouts.length);
    at += rollouts.length;
    return { checks: own };
  });
}

/** @param passes whether a score of 1 means that the check is passed; a score of the user's own means nothing known */
export function fromChecks(passes = true) {
  return (_: Group, __: unknown, evidence: () => Checks): Scores => {
    const { checks } = evidence();
    return {
      rewards: checks.map(({ score }) => score),
      explain: (index) => {
        const { score, detail } = checks[index]!;
        return [
          { kind: 'check', passed: passes ? score === 1 : null, text: detail },
          { kind: 'result', reward: score, text: `reward ${shortNumber(score)}` },
        ];
      },
    };
  };
}

/** Parts that the descriptions of rewards that check each response have in common. */
export const CHECK_DESCRIPTION = {
  family: 'external',
  tokens: 'none: the text is checked',
  temperature: 'does not apply',
  shift: 'does not apply',
  normalization: 'none',
  executes: true,
} as const;
