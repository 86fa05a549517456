/**
 * What happens to a sampled group: it is judged, scored, given advantages and written. `openPath` returns the
 * stages, so that they can be timed next to those of another version in one process (`npm run bench -- group-path`).
 */
import { graderOf } from '../../engine/grading/index.ts';
import { createJournal } from '../../engine/journal/create.ts';
import { RUN_FORMAT, RunConfig } from '../../engine/protocol/index.ts';
import { rewardOf } from '../../engine/reward/index.ts';
import {
  type Judged,
  judge,
  score,
  stored,
  type WithAdvantages,
  withAdvantages,
} from '../../engine/training/stages.ts';
import type { SampledGroup } from './group-input.ts';

export { sampledGroups } from './group-input.ts';

export async function openPath(folder: string, groups: readonly SampledGroup[], reward: string) {
  const config = RunConfig.parse({ dataset: { path: 'embedded' }, reward });
  const facts = { versions: {}, modelFingerprint: 'm', dataFingerprint: 'd' };
  const runFile = {
    format: RUN_FORMAT,
    created: new Date(0).toISOString(),
    origin: { engine: 'rollscope', version: null, files: [] },
    config,
    foreign: null,
    ...facts,
  };
  const problems = groups.map(({ problem: { prompt: _, ...problem } }) => problem);
  const prompts = problems.map(({ index, text }) => ({ problem: index, text, tokens: [1] }));
  const journal = await createJournal(folder, { runFile, problems, prompts });
  const runReward = rewardOf(config.reward, config.rewardOptions);
  return {
    judge: ({ problem, rollouts }: SampledGroup) => judge({ problem, rollouts }, graderOf()),
    score: (group: Judged): WithAdvantages => {
      const all = group.rollouts.map((_, i) => i);
      return withAdvantages([score({ ...group, evidence: {} }, runReward, 1000, all)], config.loss.advantage)[0]!;
    },
    write: (group: WithAdvantages, step: number) => {
      journal.appendGroup(stored(group, { phase: 'train', step }));
    },
    close: () => journal.close(),
  };
}
