/** `rollscope note`: adds notes and pins to places in a run. */
import { randomUUID } from 'node:crypto';
import { readNotes, writeNote } from '../../journal/notes.ts';
import { readProblems } from '../../journal/reader.ts';
import { type Address, addressText, parseAddress, placeText } from '../../protocol/address.ts';
import { RollscopeError } from '../../protocol/errors.ts';
import { problemIn } from '../../runs/find-place.ts';
import { EXIT, Output } from '../output.ts';
import { placesOf } from '../places.ts';
import { findRun } from '../runs.ts';
import { notesAt, printNotes } from '../show/place.ts';

interface NoteOptions {
  pin?: boolean;
  remove?: boolean;
  out?: string;
  json?: boolean;
}

/** Without text, lists the notes at the place. */
export async function note(place: string, text: string | undefined, options: NoteOptions): Promise<number> {
  const output = new Output(options.json === true);
  const { runsFolder } = await placesOf(options.out);
  const given = parseAddress(place);
  const folder = await findRun(given?.folder ?? place, runsFolder);
  const address = { ...NOWHERE, ...given, folder };
  problemIn(await readProblems(folder), address);
  if (options.remove) await removeNotes(folder, address);
  else if (text !== undefined || options.pin) {
    const { folder: _, says: __, from: ___, fromRun: ____, ...at } = address;
    const time = new Date().toISOString();
    await writeNote(folder, { id: randomUUID(), time, text: text ?? '', pinned: options.pin === true, ...at });
  }
  const notes = await notesAt(folder, address);
  if (notes.length === 0) output.print(`No notes at ${placeText(address)}.`);
  printNotes(output, notes);
  output.result({ folder, notes: notes.map((item) => ({ ...item, address: addressText({ ...item, folder }) })) });
  return EXIT.ok;
}

const NOWHERE = { step: null, phase: null, problem: null, row: null, rollout: null, tokens: null, says: null };

async function removeNotes(folder: string, address: Address): Promise<void> {
  const same = (await readNotes(folder)).filter(
    (item) => placeText(item) === placeText(address) && (address.row === null || item.row === address.row),
  );
  if (same.length === 0) {
    throw new RollscopeError('usage', `There is no note at ${placeText(address)}.`, undefined, {
      details: { reason: 'no-such-note', place: placeText(address) },
    });
  }
  for (const one of same) await writeNote(folder, { ...one, text: '', pinned: false });
}
