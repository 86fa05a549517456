/** Answers of other policies, and what each policy's votes weigh. */
import { voteOf } from '../../protocol/vote.ts';
import { rewardOptionsOf } from '../../reward/index.ts';
import { answersOf, type Gatherer, ROLLOUTS } from './gatherer.ts';

export const rlccf: Gatherer<'rlccf'> = {
  async gather(groups, { config, step, compute }) {
    const others = rewardOptionsOf(config).rlccf.policies;
    const answers: (string | null)[][][] = [groups.map(({ answers: own }) => own)];
    for (const [v, policy] of others.entries()) {
      const responses = await compute.ask({
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
        activity: 'sampling-voter',
        detail: policy,
      });
      answers.push(responses.map((of, g) => answersOf(of, groups[g]!.grader)));
    }
    const weights = answers.map((of) => {
      const shares = of.map((a, g) => voteOf(a, groups[g]!.grader.cluster(a))?.share ?? 0);
      return shares.reduce((a, b) => a + b, 0) / Math.max(1, shares.length);
    });
    const names = ['the policy that trains', ...others];
    return groups.map((_, g) => ({
      policies: names.map((name, v) => ({ name, weight: weights[v]!, answers: answers[v]![g]! })),
    }));
  },
  questionTokens: null,
  require: null,
};
