/** Goes to a rollout: in the panel if its group represents the problem at that step, otherwise in an editor. */
import type { Address } from '../engine/protocol/address.ts';
import type { GroupId } from '../engine/protocol/group.ts';
import type { Problem } from '../engine/protocol/problem.ts';
import type { RunColumns } from '../engine/runs/columns.ts';
import { problemView } from '../engine/runs/problem-view.ts';
import type { Requests } from './requests.ts';
import type { Selection } from './selection.ts';

/** The part of the store that is needed. */
interface Shown {
  columns: RunColumns;
  problems: readonly Problem[];
  selection: Selection;
  requests: Pick<Requests, 'openRollout'>;
  compareWithRun(folder: string | null, step: number | null): void;
}

/** Goes to the place of a note or of a link, as far as the run contains it. */
export function goToPlace(
  store: Shown,
  place: Pick<Address, 'problem' | 'row' | 'step' | 'phase' | 'rollout' | 'tokens' | 'from' | 'fromRun'>,
): void {
  const { selection, columns, problems } = store;
  const { from = null, fromRun = null } = place;
  if (from !== null || fromRun !== null) store.compareWithRun(fromRun, from);
  const found = problems.find(({ id, row }) => id === place.problem && (place.row === null || row === place.row));
  if (!found) {
    if (place.step !== null) selection.lookAt(place.step);
    return;
  }
  const view = problemView(columns, found.index, place.step ?? undefined, place.phase);
  if (view.row !== null && view.step === (place.step ?? view.step) && place.rollout !== null) {
    goTo(store, columns.idOf(view.row), place.rollout - 1, place.tokens);
    return;
  }
  selection.select(found.index);
  if (place.step !== null) selection.lookAt(place.step);
  selection.layout.turnTo('problem');
}

/** @param rollout its index in the group */
export function goTo(
  { columns, selection, requests }: Shown,
  group: GroupId,
  rollout: number,
  tokens: Address['tokens'] = null,
): void {
  const { problem, step, phase } = group;
  const row = columns.find({ phase, step, problem });
  if (row === null || problemView(columns, problem, step).row !== row) {
    requests.openRollout({ phase, step, problem }, rollout);
    return;
  }
  selection.select(problem);
  selection.lookAt(step);
  selection.selectRollout(rollout);
  if (tokens) selection.chooseTokens(tokens);
  selection.layout.turnTo('rollout');
}
