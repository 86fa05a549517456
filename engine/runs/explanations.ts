/** Why rollouts got their rewards: as was recorded, else, for runs of older versions, as today's rewards account for it. */
import { readFrame } from '../journal/reader.ts';
import type { RunConfig } from '../protocol/config.ts';
import { printParts } from '../protocol/explanation.ts';
import type { FramePointer, GroupDetail } from '../protocol/group.ts';
import type { Problem } from '../protocol/records.ts';
import { explainRewards } from '../reward/explain.ts';

export interface ExplainedRun {
  folder: string;
  config: RunConfig;
  /** Size of the model's vocabulary; null where the run does not tell. */
  vocabulary: number | null;
}

/** A line for each rollout. @throws RollscopeError `run-broken` when the rollouts cannot be read */
export async function explanations(
  { folder, config, vocabulary }: ExplainedRun,
  detail: GroupDetail,
  problem: Problem,
  frame: FramePointer | null,
): Promise<string[]> {
  const recorded = detail.rollouts.some(({ why }) => why.length > 0);
  if (recorded || !frame) return detail.rollouts.map(({ why }) => printParts(why));
  const rollouts = detail.rollouts.map((rollout) => ({
    ...rollout,
    tokens: rollout.tokens ?? 0,
    finish: rollout.finish ?? 'stop',
  }));
  return explainRewards({ config, vocabulary }, { ...detail, rollouts }, await readFrame(folder, frame), problem);
}
