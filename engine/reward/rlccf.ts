/**
 * Self-consistency weighted voting over several policies: votes(a) = sum over policies m of w_m * (number of m's rollouts
 * that answer a) / N_m, with w_m the mean majority share of policy m over the step's problems. The first of them is the
 * policy that trains. A policy that no longer agrees with itself weighs less.
 */
import { RollscopeError } from '../protocol/errors.ts';
import { shortNumber } from '../protocol/format.ts';
import { section, texts, type ValuesOf } from '../protocol/settings/kit.ts';
import { voteOf } from '../protocol/vote.ts';
import { ANSWERS, answersOf, ROLLOUTS } from './asking.ts';
import type { EvidenceContext, EvidenceGroup } from './evidence.ts';
import { listOf, numberShape, record, type ShapeValue, textShape } from './shape.ts';
import { type Group, labelFree, type Part, type Scores } from './types.ts';
import { type VotedAnswer, weightedVote } from './vote.ts';

const OPTIONS = section('Other policies', {
  policies: texts({
    title: 'Other policies',
    help: 'another policy to vote (an adapter folder, a checkpoint, a model of the same shape, or base); repeatable',
    example: './adapter',
    placeholder: 'policy',
    flag: '--other-policy',
    former: ['--voter'],
    names: 'policy',
    repeat: true,
    most: 16,
    default: [],
  }),
});

type Options = ValuesOf<typeof OPTIONS.fields>;

/** Answers of each policy that votes; `weight` is its mean majority share over the step's problems. */
const EVIDENCE = record({ policies: listOf(record({ name: textShape, weight: numberShape, answers: ANSWERS })) });
type Votes = ShapeValue<typeof EVIDENCE>;

/** Gathers the answers of the other policies, and the weight of each policy's votes. */
async function gather(
  groups: readonly EvidenceGroup[],
  { options: { policies: others }, config, step, policy: asked }: EvidenceContext<Options>,
): Promise<Votes[]> {
  const answers: (string | null)[][][] = [groups.map(({ answers: own }) => [...own])];
  for (const [v, policy] of others.entries()) {
    const responses = await asked.ask({
      questions: groups.map(({ problem }) => ({
        prompt: { problem: problem.index },
        problem: problem.index,
        first: v * ROLLOUTS,
      })),
      rows: config.votes,
      sampling: config.sampling,
      stream: 'other-policy',
      step,
      policy,
      activity: 'sampling-other-policy',
      detail: policy,
    });
    answers.push(responses.map((of, g) => answersOf(of, groups[g]!.grader)));
  }
  const weights = answers.map((of) => {
    const shares = of.map((a, g) => voteOf(a, groups[g]!.grader.cluster(a))?.share ?? 0);
    return shares.reduce((a, b) => a + b, 0) / Math.max(1, shares.length);
  });
  const names = ['the policy being trained', ...others];
  return groups.map((_, g) => ({
    policies: names.map((name, v) => ({ name, weight: weights[v]!, answers: answers[v]![g]! })),
  }));
}

function compute({ answers, grader }: Group, _: Options, evidence: () => Votes): Scores {
  const { policies } = evidence();
  const votes = weightedVote(
    policies.map((policy) => ({ answers: policy.answers, weight: policy.weight / Math.max(1, policy.answers.length) })),
    grader,
  );
  const [winner] = votes;
  const isMember = (of: VotedAnswer | undefined, i: number) =>
    of?.members.some(({ source, index }) => source === 0 && index === i) ?? false;
  const agrees = answers.map((_, i) => isMember(winner, i));
  const rewards = agrees.map((yes) => (yes ? 1 : 0));
  return {
    rewards,
    explain: (index) => {
      const result: Part = { kind: 'result', reward: rewards[index]!, text: `reward ${rewards[index]}` };
      const answer = answers[index];
      if (answer === null)
        return [{ kind: 'no-answer', text: 'no answer extracted: excluded from the vote, reward 0' }, result];
      if (!winner) return [{ kind: 'no-answer', text: 'no policy with nonzero weight has an answer' }, result];
      const own = votes.find((voted) => isMember(voted, index));
      const total = policies.reduce((sum, { weight }) => sum + weight, 0);
      return [
        ...policies.map(
          ({ name, weight }): Part => ({
            kind: 'number',
            name,
            value: weight,
            text: `${name} weighs ${shortNumber(weight)}`,
          }),
        ),
        {
          kind: 'vote',
          winner: winner.answer,
          won: agrees[index]!,
          tied: votes[1] !== undefined && votes[1].votes === winner.votes,
          text: `answer ${answer} has weight ${shortNumber(own?.votes ?? 0)} of ${shortNumber(total)}; the largest is ${winner.answer} with ${shortNumber(winner.votes)}`,
        },
        result,
      ];
    },
  };
}

export const rlccf = labelFree({
  name: 'rlccf',
  title: 'Self-consistency weighted voting',
  summary:
    '1 if several policies vote for the answer, each weighted by its self-consistency, else 0. Needs other policies, which it samples.',
  scale: 'correctness',
  family: 'ensemble',
  formula: '1 if the answer is in the heaviest cluster, each policy voting with its own mean majority share, else 0',
  tokens: 'none: answers only',
  temperature: 'does not apply',
  shift: 'does not apply',
  normalization: "each policy's votes are divided by their number",
  range: [0, 1],
  source: 'RLCCF, arXiv 2508.12338',
  setup: 'Names the other policies: adapter folders or checkpoints of the same model, or models of the same shape.',
  options: OPTIONS,
  check: ({ policies }) => {
    if (policies.length > 0) return;
    throw new RollscopeError(
      'config',
      'The reward rlccf needs other policies that vote with the one being trained.',
      'Add them with --other-policy: adapter folders, checkpoints, models of the same shape, or base.',
      { details: { reason: 'no-other-policies', field: '--other-policy' } },
    );
  },
  policies: ({ policies }) => policies,
  evidence: { shape: EVIDENCE, gather },
  compute,
});
