/** A group with its rollouts as the panel gets it: of a large one, the tokens of the rollout that is shown. */
import { type GroupId, NO_STATISTICS, type Rollout } from '../protocol/group.ts';
import { forkPoint } from '../runs/fork-point.ts';
import type { GroupPage } from '../runs/panel-contract.ts';
import type { OpenRun } from './open-run.ts';

/** Characters of the responses up to which a group is sent whole: 64 rollouts of about 2,000 tokens. */
const WHOLE = 500_000;

/**
 * @param shown the rollout whose tokens are wanted; null for those of all, however large the group is
 * @throws RollscopeError `run-broken` if the group or its rollouts are missing
 */
export async function groupPage(run: OpenRun, group: GroupId, shown: number | null = null): Promise<GroupPage> {
  const { detail, ...about } = await run.readGroup(group);
  const { evidence: _, ...rest } = detail;
  const { rollouts } = rest;
  const size = rollouts.reduce((sum, { text }) => sum + text.length, 0);
  if (shown === null || size <= WHOLE || !rollouts[shown]) return { detail: rest, ...about, whole: null };
  return {
    detail: { ...rest, rollouts: rollouts.map((one, i) => (i === shown ? one : comparable(one))) },
    ...about,
    whole: { rollout: shown, fork: forkPoint(rest, shown) },
  };
}

/** A rollout in numbers, with what another one is compared by. */
function comparable(rollout: Rollout): Rollout {
  const { logprob } = rollout.statistics;
  return { ...rollout, text: '', tokenTexts: null, statistics: { ...NO_STATISTICS, logprob } };
}
