/** What an address, or options, name in a run; its notes, and what a report that cites it says of it. */
import { readNotes } from '../../journal/notes.ts';
import { type Address, placeText } from '../../protocol/address.ts';
import { dateTime } from '../../protocol/format.ts';
import type { Note } from '../../protocol/note.ts';
import type { Problem } from '../../protocol/problem.ts';
import { checkClaim, claimText } from '../../runs/claims.ts';
import type { RunColumns } from '../../runs/columns.ts';
import type { Output } from '../output.ts';
import { table } from '../table.ts';

/** The notes at a place: those of a run are all of them. */
export async function notesAt(folder: string, place: Pick<Address, 'problem' | 'row' | 'rollout'>): Promise<Note[]> {
  const notes = await readNotes(folder);
  return notes.filter(
    (note) =>
      (place.problem === null || note.problem === place.problem) &&
      (place.row === null || note.row === null || note.row === place.row) &&
      (place.rollout === null || note.rollout === place.rollout),
  );
}

/** Prints notes in the given order; nothing where there are none. */
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

/** Says whether the claims of a link hold; nothing for a link without claims. */
export function printClaim(output: Output, columns: RunColumns, problems: readonly Problem[], address: Address) {
  const claim = checkClaim(columns, problems, address);
  if (claim) output.print(`${claimText(claim)}\n`);
  return claim;
}
