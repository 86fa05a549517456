/** The rollout of cursor A that is shown next to one of B, and where the two diverge. */
import { tokenAt } from '../engine/runs/response-parts.ts';
import type { ResponseReading } from './sections/rollout/response.ts';
import type { Store } from './store.ts';

/** Index of the rollout of A that is shown: the chosen one, else the first with the majority answer at A. */
export function rolloutBefore(
  { selection, selected }: Pick<Store, 'selection' | 'selected'>,
  rollouts: readonly { answer: string | null }[],
): number {
  const { rolloutBefore: chosen } = selection;
  if (chosen !== null && chosen < rollouts.length) return chosen;
  const answer = selected?.before.answer ?? null;
  return Math.max(
    0,
    rollouts.findIndex((rollout) => rollout.answer === answer),
  );
}

/** Chooses the rollout of A that is `by` places further on, if one is shown. */
export function stepBefore(store: Store, by: 1 | -1): void {
  const { selection, selected, columnsBefore, groupsBefore } = store;
  const row = selected?.before.row ?? null;
  if (!selection.showsBefore || row === null) return;
  const reading = groupsBefore.of(columnsBefore.idOf(row));
  if (reading.state !== 'read') return;
  const { rollouts } = reading.detail;
  const { length } = rollouts;
  selection.selectRolloutBefore((rolloutBefore(store, rollouts) + by + length) % length);
}

/** The token at which a response diverges from another; null if it does not. */
export function partingToken({ texts, starts }: ResponseReading, text: string, other: string): number | null {
  if (text === other) return null;
  let shared = 0;
  while (shared < text.length && shared < other.length && text[shared] === other[shared]) shared++;
  return texts.length === 0 ? null : Math.min(texts.length - 1, tokenAt(starts, shared));
}
