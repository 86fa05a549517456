/** `notes.json` of a run folder: what people noted at places of the run, and which of them they pinned. */
import * as z from 'zod';
import { RollscopeError } from '../protocol/errors.ts';
import { PHASES } from '../protocol/group-id.ts';
import type { Note } from '../protocol/note.ts';
import { writeAtomically } from '../system/aside.ts';
import { readRegular } from '../system/regular-file.ts';
import { parseChecked } from './checked.ts';
import { inRun } from './layout.ts';

export const NOTES_FILE = 'notes.json';

const whole = z.int().min(0);
const fields = {
  id: z.string(),
  time: z.string(),
  text: z.string(),
  pinned: z.boolean(),
  step: whole.nullable(),
  phase: z.enum(PHASES).nullable(),
  problem: z.string().nullable(),
  row: whole.nullable(),
  rollout: whole.nullable(),
  tokens: z.tuple([whole, whole]).nullable(),
} satisfies Record<keyof Note, z.ZodType>;
const Notes = z.object({ notes: z.array(z.object(fields)) });
/** With what a newer version added, which stays when the file is written again. */
const StoredNotes = z.looseObject({ notes: z.array(z.looseObject(fields)) });

/** The notes of a run, the oldest first; [] without any. @throws RollscopeError `run-broken` for a file that is not one */
export async function readNotes(folder: string): Promise<Note[]> {
  return (await read(folder, Notes))?.notes ?? [];
}

/** null where there are none. */
async function read<T>(folder: string, schema: z.ZodType<T>): Promise<T | null> {
  const file = inRun(folder, NOTES_FILE);
  const text = await readRegular(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  return text === null ? null : parseChecked(schema, text, file);
}

/**
 * Adds a note, or replaces the one with its id; an empty text that is not pinned removes it. Returns all notes, the oldest
 * first.
 * @throws RollscopeError `usage` for more notes than a run keeps, `disk`
 */
export async function writeNote(folder: string, note: Note): Promise<Note[]> {
  const stored = (await read(folder, StoredNotes)) ?? { notes: [] };
  const before = stored.notes.find(({ id }) => id === note.id);
  const others = stored.notes.filter((item) => item !== before);
  const isGone = note.text.trim() === '' && !note.pinned;
  const notes = (isGone ? others : [...others, { ...before, ...note }]).sort((a, b) => (a.time < b.time ? -1 : 1));
  if (notes.length > KEPT_NOTES) {
    throw new RollscopeError('usage', `A run keeps at most ${KEPT_NOTES} notes.`, 'Remove some of them first.', {
      details: { reason: 'too-many-notes', most: KEPT_NOTES },
    });
  }
  await writeAtomically(inRun(folder, NOTES_FILE), `${JSON.stringify({ ...stored, notes }, null, 2)}\n`, {
    durable: true,
  });
  return Notes.parse({ notes }).notes;
}

const KEPT_NOTES = 1000;
