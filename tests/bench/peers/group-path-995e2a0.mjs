/**
 * The same stages in the version before the redesign (commit 995e2a0). `former/` stands for a checkout of it, which
 * `npm run bench -- group-path --former <checkout>` names.
 */
import { Journal } from 'former/engine/journal/journal.ts';
import { RUN_FORMAT, RunConfig } from 'former/engine/protocol/index.ts';
import { rewardOf } from 'former/engine/reward/index.ts';
import { advantages } from 'former/engine/training/advantages.ts';
import { judge } from 'former/engine/training/judge.ts';

export async function openPath(folder, groups, reward) {
  const config = RunConfig.parse({ dataset: { path: 'embedded' }, reward });
  const facts = { versions: {}, modelFingerprint: 'm', dataFingerprint: 'd' };
  const created = new Date(0).toISOString();
  const runFile = { format: RUN_FORMAT, run: 'former', created, config, ...facts };
  const problems = groups.map(({ problem: { text: _, ...problem } }) => problem);
  const journal = await Journal.create(folder, runFile, problems);
  const runReward = rewardOf(config.reward, config.rewardOptions);
  return {
    judge: ({ problem, rollouts }) => ({ problem, rollouts, group: judge(rollouts, problem.answer) }),
    score: ({ problem, rollouts, group }) => {
      const { answers, clusters } = group;
      const correct = group.rollouts.map((r) => r.correct);
      const input = { problem, rollouts, answers, clusters, vocabulary: 1000, evidence: {}, correct };
      const scores = runReward.score(input);
      scores.rewards.forEach((value, i) => {
        group.rollouts[i].reward = value;
      });
      const trained = scores.skip === undefined ? rollouts.map((_, i) => i) : [];
      const values = advantages(config.loss.advantage, [trained.map((i) => (scores.basis ?? scores.rewards)[i])]);
      trained.forEach((i, k) => {
        group.rollouts[i].advantage = values[0][k];
      });
      return { problem, rollouts, group };
    },
    write: ({ problem, rollouts, group: { clusters, majority, rollouts: summaries } }, step) => {
      const frame = journal.writeFrame(rollouts, {});
      const group = { step, phase: 'train', problem: problem.index, clusters, majority, rollouts: summaries };
      journal.append({ type: 'group', ...group, frame });
    },
    close: () => journal.close(),
  };
}
