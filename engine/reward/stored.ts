/** Stored groups as rewards take them. Pure. */
import type { Grader } from '../grading/index.ts';
import { RollscopeError } from '../protocol/errors.ts';
import type { GroupDetail, Rollout, TokenStatistic } from '../protocol/group.ts';
import { majorityOf } from '../protocol/group-facts.ts';
import type { Problem } from '../protocol/problem.ts';
import type { PolicyRollout } from '../protocol/records.ts';
import type { LabeledGroup } from './types.ts';

/**
 * A stored group as rewards take it. A reward that reads what is not known of the tokens (a run of another trainer) throws
 * RollscopeError `config`.
 * @param grader which finds and compares the answers of this problem (`problemGrader`)
 */
export function groupOf(
  detail: GroupDetail,
  problem: Pick<Problem, 'text' | 'columns'>,
  vocabulary: number | null,
  grader: Grader,
): LabeledGroup {
  return {
    problem: { text: problem.text, ...(problem.columns && { columns: problem.columns }) },
    rollouts: detail.rollouts.map(asPolicyRollout),
    answers: detail.rollouts.map(({ answer }) => answer),
    clusters: detail.clusters.map(({ answer, members }) => ({ answer, members })),
    vocabulary,
    evidence: detail.evidence,
    grader,
    correct: detail.rollouts.map(({ correct }) => correct),
  };
}

/** A stored group as it would have been judged by another rule. */
export function rejudge(
  detail: GroupDetail,
  { accepted, answer }: Pick<Problem, 'accepted' | 'answer'>,
  grader: Grader,
): GroupDetail {
  const texts = detail.rollouts.map(({ text }) => text);
  const { clusters, rollouts: judged } = grader.judge(texts, accepted ?? answer);
  const rollouts = detail.rollouts.map((rollout, i) => ({ ...rollout, ...judged[i]! }));
  return { ...detail, clusters, rollouts, majority: majorityOf({ clusters, rollouts }) };
}

/** A stored rollout with all of its token statistics, as long as no unknown one is read. */
function asPolicyRollout({ text, tokenTexts, finish, ids, statistics }: Rollout): PolicyRollout {
  const column = (name: TokenStatistic) => statistics[name] ?? unknownStatistic(name);
  return {
    text,
    finish: finish ?? 'stop',
    get tokenTexts() {
      return tokenTexts ?? unknownStatistic('tokenTexts');
    },
    get tokens() {
      return ids ?? unknownStatistic('tokens');
    },
    get logprob() {
      return column('logprob');
    },
    get entropy() {
      return column('entropy');
    },
    get logsumexp() {
      return column('logsumexp');
    },
    get meanLogit() {
      return column('meanLogit');
    },
    get top1() {
      return column('top1');
    },
    get top2() {
      return column('top2');
    },
  };
}

const NAMES: Record<TokenStatistic | 'tokens' | 'tokenTexts', string> = {
  tokens: 'token ids',
  tokenTexts: 'token texts',
  logprob: 'log-probabilities of tokens',
  entropy: 'token entropies',
  logsumexp: 'logsumexp of the logits',
  meanLogit: 'mean logits',
  top1: 'probabilities of the most likely tokens',
  top2: 'probabilities of the second most likely tokens',
};

function unknownStatistic(name: keyof typeof NAMES): never {
  throw new RollscopeError(
    'config',
    `The ${NAMES[name]} of these rollouts were not recorded.`,
    'Choose a reward that reads answers and texts only, or sample again.',
    { details: { reason: 'statistics-not-recorded', field: name } },
  );
}
