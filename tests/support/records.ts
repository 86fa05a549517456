/** Handmade journal records, for tests of their readers. */
import type { Journal } from '../../engine/journal/journal.ts';
import type { RolloutFacts } from '../../engine/protocol/group.ts';
import { groupSummary, majorityOf } from '../../engine/protocol/group-facts.ts';
import type { GroupRecord, JournalRecord, StepRecord } from '../../engine/protocol/records.ts';
import { judged } from './judged.ts';

export const TIME = '2025-01-01T00:00:00.000Z';

export interface GroupOptions {
  phase?: GroupRecord['phase'];
  problem?: number;
  /** The answer of each rollout. */
  answers?: (string | null)[];
  /** null: no labels. */
  reference?: string | null;
}

/** A group with these answers; by default two of three agree, without labels. */
export function group(seq: number, step: number, answer: string, options: GroupOptions = {}): GroupRecord {
  const { phase = 'train', problem = 0, answers = [answer, answer, null], reference = null } = options;
  const { clusters, rollouts } = judged(answers, reference);
  const first = clusters[0];
  const facts = rollouts.map(
    (rollout): RolloutFacts => ({
      ...rollout,
      reward: phase === 'train' ? Number(rollout.answer === first?.answer) : null,
      tokens: 5,
      logprob: -0.5,
      entropy: 0.25,
      repetition: null,
      finish: rollout.answer === null ? 'length' : 'stop',
    }),
  );
  const id = { phase, step, problem };
  const summary = groupSummary({
    ...id,
    clusters,
    majority: majorityOf({ clusters, rollouts: facts }),
    rollouts: facts,
  });
  return {
    type: 'group',
    seq,
    time: TIME,
    ...summary,
    frame: { file: 'rollouts-000.bin', offset: 10 * seq, length: 10 },
  };
}

export function step(seq: number, n: number, over: Partial<StepRecord['metrics']> = {}): StepRecord {
  return {
    type: 'step',
    seq,
    time: TIME,
    step: n,
    metrics: {
      proxyReward: n / 10,
      groundTruthReward: null,
      rewardAccuracy: null,
      labelAccuracy: null,
      majorityShare: 0.5,
      rawMajorityShare: 0.5,
      entropy: 1,
      length: 5,
      truncated: 0,
      noAnswer: 0,
      answerEntropy: null,
      answerDiversity: null,
      confidenceAgreement: null,
      repetition: null,
      loss: null,
      gradientNorm: null,
      clipFraction: null,
      rolloutMismatch: null,
      kl: null,
      learningRate: 1e-5,
      skippedGroups: 0,
      tokens: 100,
      ...over,
    },
    timing: {
      seconds: 1,
      rolloutSeconds: 0.5,
      updateSeconds: 0.4,
      engineSeconds: 0.1,
      rolloutTokensPerSecond: 200,
      residentBytes: 1e9,
    },
  };
}

export function warning(seq: number, code: string, at: number | null): JournalRecord {
  return { type: 'warning', seq, time: TIME, code, message: `${code} at ${at}`, step: at, problem: null };
}

/** Whether a journal recognizes records that are there, instead of writing them. */
export function isReplaying(journal: Journal): boolean {
  return journal.position().nextSeq < journal.length;
}
