/** Goes to a rollout: in the panel where its group is the one that represents the problem at that step, else in an editor. */
import type { GroupId } from '../engine/protocol/group.ts';
import { problemView } from '../engine/runs/problem-view.ts';
import type { Store } from './store.ts';

/** @param rollout its index in the group */
export function goTo({ columns, selection, requests }: Store, group: GroupId, rollout: number): void {
  const { problem, step, phase } = group;
  const row = columns.find({ phase, step, problem });
  if (row === null || problemView(columns, problem, step).row !== row) {
    requests.openRollout({ phase, step, problem }, rollout);
    return;
  }
  selection.select(problem);
  selection.lookAt(step);
  selection.selectRollout(rollout);
  selection.layout.turnTo('rollout', window.innerWidth);
}
