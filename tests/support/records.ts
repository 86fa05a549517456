/** Records of a journal, made by hand, for tests of what reads them. */
import type { GroupRecord, JournalRecord, RolloutSummary, StepRecord } from '../../engine/protocol/records.ts';

export const TIME = '2025-01-01T00:00:00.000Z';

export interface GroupOptions {
  phase?: GroupRecord['phase'];
  problem?: number;
  /** Answer of each rollout. */
  answers?: (string | null)[];
  /** null: there are no labels. */
  reference?: string | null;
}

/** A group whose rollouts gave these answers: by default two of three the same, without labels. */
export function group(seq: number, step: number, answer: string, options: GroupOptions = {}): GroupRecord {
  const { phase = 'train', problem = 0, answers = [answer, answer, null], reference = null } = options;
  const isRight = (given: string | null) => (reference === null ? null : given === reference);
  const found = [...new Set(answers.filter((given) => given !== null))];
  const clusters = found
    .map((given) => ({
      answer: given,
      members: answers.flatMap((one, i) => (one === given ? [i] : [])),
      correct: isRight(given),
    }))
    .sort((a, b) => b.members.length - a.members.length);
  const [first] = clusters;
  const share = first ? first.members.length / answers.length : 0;
  return {
    type: 'group',
    seq,
    time: TIME,
    step,
    phase,
    problem,
    clusters,
    majority: first ? { answer: first.answer, share, rawShare: share, correct: first.correct } : null,
    rollouts: answers.map(
      (given): RolloutSummary => ({
        answer: given,
        cluster: given === null ? null : clusters.findIndex((cluster) => cluster.answer === given),
        correct: isRight(given),
        reward: phase === 'train' ? Number(given === first?.answer) : null,
        advantage: null,
        tokens: 5,
        logprob: -0.5,
        entropy: 0.25,
        repetition: null,
        finish: given === null ? 'length' : 'stop',
      }),
    ),
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
