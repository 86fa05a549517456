/** Notes at a place in a run, and claims of links that cite it. */
import { readNotes } from '../../journal/notes.ts';
import { type Address, placeText } from '../../protocol/address.ts';
import { dateTime } from '../../protocol/format.ts';
import type { Note } from '../../protocol/note.ts';
import type { Problem } from '../../protocol/problem.ts';
import { checkClaim, claimText } from '../../runs/claims.ts';
import type { RunColumns } from '../../runs/columns.ts';
import type { Output } from '../output.ts';
import { table } from '../table.ts';

/** The notes at a place; for a run, all its notes. */
export async function notesAt(folder: string, place: Pick<Address, 'problem' | 'row' | 'rollout'>): Promise<Note[]> {
  const notes = await readNotes(folder);
  return notes.filter(
    (note) =>
      (place.problem === null || note.problem === place.problem) &&
      (place.row === null || note.row === null || note.row === place.row) &&
      (place.rollout === null || note.rollout === place.rollout),
  );
}

/** Prints notes, pinned ones first; prints nothing if there are none. */
export function printNotes(output: Output, notes: readonly Note[]): void {
  if (notes.length === 0) return;
  const pinnedFirst = notes.toSorted((a, b) => Number(b.pinned) - Number(a.pinned));
  const rows = pinnedFirst.map((note) => [
    note.pinned ? 'pinned' : '',
    placeText(note),
    dateTime(note.time),
    note.text,
  ]);
  output.print(`\n${table(['notes', 'place', 'time', 'text'], rows)}`);
}

/** Reports whether the claims of a link hold; prints nothing for a link without claims. */
export function printClaim(output: Output, columns: RunColumns, problems: readonly Problem[], address: Address) {
  const claim = checkClaim(columns, problems, address);
  if (claim) output.print(`${claimText(claim)}\n`);
  return claim;
}
