/** A group with its rollouts for the panel; of a large group, only the tokens of the rollout that is shown. */
import { withoutTokenTexts } from '../protocol/cut-tokens.ts';
import { type GroupId, NO_STATISTICS, type Rollout, type RolloutStatistics } from '../protocol/group.ts';
import { forkPoint } from '../runs/fork-point.ts';
import type { GroupPage } from '../runs/panel-contract.ts';
import type { OpenRun } from './open-run.ts';

/** Characters of the responses up to which a group is sent as a whole: 64 rollouts of about 2,000 tokens. */
const MAX_WHOLE_GROUP_LENGTH = 500_000;

/**
 * @param shown the rollout whose tokens are needed; null for all, however large the group is
 * @param isKnown the page has the data that comparisons need, so the other rollouts are sent as numbers only
 * @throws RollscopeError `run-broken` if the group or its rollouts are missing
 */
export async function groupPage(
  run: OpenRun,
  group: GroupId,
  shown: number | null = null,
  isKnown = false,
): Promise<GroupPage> {
  const { detail, ...about } = await run.readGroup(group);
  const { evidence: _, ...rest } = detail;
  const { rollouts } = rest;
  const size = rollouts.reduce((sum, { text }) => sum + text.length, 0);
  if (shown === null || size <= MAX_WHOLE_GROUP_LENGTH || !rollouts[shown])
    return { detail: { ...rest, rollouts: rollouts.map(withOwnArrays) }, ...about, whole: null };
  return {
    detail: {
      ...rest,
      rollouts: rollouts.map((rollout, i) =>
        i === shown ? withOwnArrays(rollout) : isKnown ? inNumbers(rollout) : comparable(rollout),
      ),
    },
    ...about,
    whole: { rollout: shown, fork: forkPoint(rest, shown) },
  };
}

/** A rollout with arrays of its own, so that sending it does not send a shared buffer. */
function withOwnArrays(rollout: Rollout): Rollout {
  const statistics = Object.fromEntries(
    Object.entries(rollout.statistics).map(([name, values]) => [name, values?.slice() ?? null]),
  ) as unknown as RolloutStatistics;
  return { ...rollout, ids: rollout.ids?.slice() ?? null, statistics };
}

/** A rollout in numbers, with what another one is compared by. */
function comparable(rollout: Rollout): Rollout {
  const { ids, statistics } = rollout;
  const logprob = statistics.logprob?.slice() ?? null;
  return { ...inNumbers(rollout), ids: ids?.slice() ?? null, statistics: { ...NO_STATISTICS, logprob } };
}

/** A rollout without text and tokens; no token text is cut for it. */
function inNumbers(rollout: Rollout): Rollout {
  return { ...withoutTokenTexts(rollout), text: '', ids: null, statistics: NO_STATISTICS };
}
