/**
 * Rewards of rollouts that another program sampled: judged, clustered, voted on and rewarded by the same code as in a
 * run of this engine. What a reward needs from programs is gathered here; the policy cannot be asked anything.
 */
import { type Grader, problemGrader } from '../grading/index.ts';
import { type Evidence, type GroupDetail, type Problem, RollscopeError, type RunConfig } from '../protocol/index.ts';
import { type AskedPolicy, evidenceFor, type RunReward, type Scores } from '../reward/index.ts';
import { groupOf, rejudge } from '../reward/stored.ts';
import { gatherEvidence } from './evidence.ts';

/** What rewards are computed with. */
export interface GroupScoring {
  config: RunConfig;
  reward: RunReward;
  /** How answers are found and compared. */
  grader: Grader;
  /** Size of the model's vocabulary; null if unknown. */
  vocabulary: number | null;
  signal: AbortSignal;
}

/** A group with its votes and the evidence that was gathered for it, and its rewards. */
export interface ScoredDetail {
  detail: GroupDetail;
  scores: Scores;
}

/**
 * Judges and rewards a group. Answers, clusters and majority of `detail` are made here, whatever they were.
 * @throws RollscopeError `config` where the reward reads what is not known of the tokens, or a program fails; `dataset`
 *   where the problem's columns do not suit it
 */
export async function scoreGroup(detail: GroupDetail, problem: Problem, scorer: GroupScoring): Promise<ScoredDetail> {
  const { reward, grader: usual, vocabulary } = scorer;
  const grader = problemGrader(problem, usual.rules);
  const judged = rejudge(detail, problem, grader);
  const group = groupOf(judged, problem, vocabulary, grader);
  const evidence = await evidenceOf(judged, group, problem, { ...scorer, grader });
  return { detail: { ...judged, evidence }, scores: reward.score({ ...group, evidence }) };
}

async function evidenceOf(
  { step, clusters, rollouts }: GroupDetail,
  group: ReturnType<typeof groupOf>,
  problem: Problem,
  { config, reward, grader, signal }: GroupScoring,
): Promise<Evidence> {
  if (reward.evidence.length === 0) return {};
  const facts = rollouts.map(({ answer, cluster, correct, finish, tokens, logprob, entropy }) => ({
    ...{ answer, cluster, correct, logprob, entropy },
    finish: finish ?? 'stop',
    tokens: tokens ?? unknownLength(),
  }));
  const { rollouts: sampled, answers } = group;
  const asked = { problem, rollouts: sampled, answers, clusters, grader, facts };
  const [found] = await gatherEvidence(reward.evidence, [asked], { config, step, compute: NO_POLICY, signal });
  return found!;
}

function unknownLength(): never {
  throw new RollscopeError(
    'config',
    'The number of tokens of these responses is unknown, but the program of the reward receives it.',
    'Give the token ids of each response.',
    { details: { reason: 'statistics-not-recorded', field: 'ids' } },
  );
}

/**
 * Refuses a reward that asks the policy, which another program has.
 * @throws RollscopeError `config` that names it
 */
export function requireNoPolicy({ evidence }: RunReward, config: RunConfig): void {
  const asking = evidence.filter((name) => !evidenceFor(name, config).source.require);
  if (asking.length === 0) return;
  throw asksPolicy(asking.join(', '));
}

function asksPolicy(names: string): RollscopeError {
  return new RollscopeError(
    'config',
    `The reward ${names} queries the model beyond the problems, which only Rollscope's own engine supports.`,
    'Choose a reward that reads the rollouts or runs programs, or train with --engine rollscope.',
    { details: { reason: 'asks-policy', reward: names } },
  );
}

const refuse = () => Promise.reject(asksPolicy('of this run'));
const NO_POLICY: AskedPolicy = { ask: refuse, scoreCandidates: refuse, boundaries: refuse };
