/** The readable lines of a damaged `events.jsonl`, each record once and in order. */
import { RollscopeError } from '../protocol/errors.ts';
import { plural } from '../protocol/format.ts';
import type { JournalRecord } from '../protocol/records.ts';
import { readRegular } from '../system/regular-file.ts';
import { parseLine } from './events.ts';
import { EVENTS_FILE, inRun } from './layout.ts';
import { restoreHint } from './missing-file.ts';

export interface KeptLine {
  /** The number that the record had when it was written, as far as the run says so. */
  was: number;
  /** The number in the text. */
  seq: number;
  text: string;
  record: JournalRecord | null;
}

/** The readable part of a journal, and what was left out. */
export interface ReadableLines {
  lines: KeptLine[];
  changes: string[];
}

/** Bytes of a file of a run that can be repaired: JavaScript bounds the length of a text. */
export const MAX_JOURNAL_BYTES = 512 * 2 ** 20 - 24;

/** @throws RollscopeError `usage` where no line can be read */
export async function readableLines(folder: string): Promise<ReadableLines> {
  const { found, changes } = parsed(await readRegular(inRun(folder, EVENTS_FILE), MAX_JOURNAL_BYTES));
  const unreadable = changes.length;
  const lines = inOrder(found, changes);
  const last = lines.at(-1);
  if (!last) {
    throw new RollscopeError(
      'usage',
      `Nothing in ${inRun(folder, EVENTS_FILE)} can be read.`,
      restoreHint(folder, EVENTS_FILE),
      { details: { reason: 'nothing-readable', file: inRun(folder, EVENTS_FILE) } },
    );
  }
  const missing = last.was + 1 - lines.length - unreadable;
  if (missing > 0)
    changes.push(`${plural(missing, 'record')} of ${EVENTS_FILE} ${missing === 1 ? 'is' : 'are'} missing.`);
  return { lines, changes };
}

type Found = KeptLine & { line: number };

function parsed(text: string): { found: Found[]; changes: string[] } {
  const found: Found[] = [];
  const changes: string[] = [];
  text.split('\n').forEach((line, i, all) => {
    if (line === '' && i === all.length - 1) return;
    const read = parseLine(line);
    if (typeof read === 'string') changes.push(`${EVENTS_FILE} line ${i + 1} was skipped: ${read}.`);
    else found.push({ line: i + 1, was: read.seq, seq: read.seq, text: line, record: read.record });
  });
  return { found, changes };
}

/** Sorts by number. A number that does not fit between its neighbors is damaged; a record that comes twice counts once. */
function inOrder(found: readonly Found[], changes: string[]): KeptLine[] {
  const kept = new Map<number, Found>();
  let next = 0;
  let isDisplaced = false;
  for (const [i, one] of found.entries()) {
    const fits = one.seq === next || found[i + 1]?.seq !== next + 1;
    const was = fits ? one.seq : next;
    if (!fits) changes.push(`${EVENTS_FILE} line ${one.line} is record number ${was}, not ${one.seq}.`);
    if (kept.has(was)) {
      changes.push(`${EVENTS_FILE} line ${one.line} was skipped: record number ${was} again.`);
      continue;
    }
    isDisplaced ||= was < next;
    kept.set(was, { ...one, was });
    next = Math.max(next, was + 1);
  }
  if (isDisplaced) changes.push(`Lines of ${EVENTS_FILE} were put in the order of their numbers.`);
  return [...kept.values()].sort((a, b) => a.was - b.was);
}
