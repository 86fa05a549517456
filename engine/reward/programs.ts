/**
 * Rewards that a program outside gives: the model's own program against tests, Lean, and the user's program. The engine
 * runs them (`engine/external`) and stores what they said; here it becomes rewards.
 *
 * Formula: r_i = the score of rollout i (program: share of the tests that it passes; lean: 1 if the proof compiles, else
 * 0; custom: any number). A program that crashes, hangs or takes too much gets 0.
 * Tokens, temperature, shift: do not apply. Normalisation: none.
 * Sources: Absolute Zero (arXiv 2505.03335); AlphaProof (Nature, 2025).
 */
import type { EvidenceKind } from '../protocol/evidence.ts';
import { missingEvidence } from './evidence.ts';
import { shortNumber } from './text.ts';
import type { Group, LabelFreeReward, Scores } from './types.ts';

function fromChecks(kind: Extract<EvidenceKind, 'program' | 'lean' | 'custom'>) {
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

const COMMON = {
  family: 'external',
  labels: false,
  tokens: 'none: the text is checked',
  temperature: 'does not apply',
  shift: 'does not apply',
  normalisation: 'none',
  executes: true,
} as const;

export const program: LabelFreeReward = {
  ...COMMON,
  name: 'program',
  title: 'Program verification',
  formula: 'share of the problem’s tests that the program in the response passes',
  range: [0, 1],
  source: 'Absolute Zero, arXiv 2505.03335',
  setup:
    'Tests come from a column of the data (`tests`). Programs of the model run on this machine, each in a process of its own with limits on time, memory and output: in trusted workspaces only. What decides is guarded against shortcuts (a replaced assert or built-in, an early exit), but a program that searches its own process can still cheat.',
  columns: ({ program: { tests } }) => ({ required: [tests] }),
  evidence: () => 'program',
  compute: fromChecks('program'),
};

export const lean: LabelFreeReward = {
  ...COMMON,
  name: 'lean',
  title: 'Lean proof',
  formula: '1 if Lean accepts the proof without errors and without sorry, else 0',
  range: [0, 1],
  source: 'AlphaProof, doi 10.1038/s41586-025-09833-y',
  setup:
    'Needs `lean` on the path. The statement comes from a column of the data (`statement`) where there is one. Commands (`#print` and the like), gaps and code for Lean itself are refused in proofs, and the theorem may rest on Lean’s own axioms only.',
  columns: ({ lean: { column } }) => ({ optional: [column] }),
  evidence: () => 'lean',
  compute: fromChecks('lean'),
};

export const custom: LabelFreeReward = {
  ...COMMON,
  name: 'custom',
  title: 'Your own',
  formula: 'whatever your module or program says',
  range: [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
  source: 'you',
  setup:
    'A JavaScript or TypeScript module, or a program that reads rollouts as JSON lines and writes rewards. It runs in a process of its own with a deadline, in trusted workspaces only.',
  columns: () => ({ optional: ['*'] }),
  evidence: () => 'custom',
  compute: fromChecks('custom'),
};
