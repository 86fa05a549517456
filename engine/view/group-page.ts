/** A group with its rollouts as the panel gets it. */
import type { GroupId } from '../protocol/group.ts';
import type { GroupPage } from '../runs/panel-contract.ts';
import type { OpenRun } from './open-run.ts';

/** @throws RollscopeError `run-broken` if the group or its rollouts are missing */
export async function groupPage(run: OpenRun, group: GroupId): Promise<GroupPage> {
  const { detail, ...about } = await run.readGroup(group);
  const { evidence: _, ...rest } = detail;
  return { detail: rest, ...about };
}
