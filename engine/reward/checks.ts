/**
 * Rewards that a program outside gives: the model's own program against tests, Lean, and the user's program. The engine
 * runs them (`engine/external`) and stores what they said; here it becomes rewards. A program that crashes, hangs or takes
 * too much gets 0.
 */
import type { EvidenceKind } from '../protocol/evidence.ts';
import { shortNumber } from '../protocol/format.ts';
import { missingEvidence } from './evidence.ts';
import type { Group, Scores } from './types.ts';

export function fromChecks(kind: Extract<EvidenceKind, 'program' | 'lean' | 'custom'>) {
  return ({ evidence }: Group): Scores => {
    const { checks } = evidence[kind] ?? missingEvidence(kind);
    return {
      rewards: checks.map(({ score }) => score),
      explain: (index) => {
        const { score, detail } = checks[index]!;
        return [
          { kind: 'check', passed: kind === 'custom' ? null : score === 1, text: detail },
          { kind: 'result', reward: score, text: `reward ${shortNumber(score)}` },
        ];
      },
    };
  };
}

/** What these rewards have in common. */
export const CHECKED = {
  family: 'external',
  tokens: 'none: the text is checked',
  temperature: 'does not apply',
  shift: 'does not apply',
  normalization: 'none',
  executes: true,
} as const;
