/**
 * What all lines of a journal say by themselves, for the list of runs: whether they are whole, the types of those that this
 * version does not know, and the warnings. No line is parsed for that but the warnings, so that a journal of a gigabyte
 * takes a second; what the run's index knows is not looked at again.
 */
import { parseLine } from '../journal/events.ts';
import { EVENTS_FILE, inRun } from '../journal/layout.ts';
import { linesOf, readLineBlocks } from '../journal/lines.ts';
import { cacheFolder } from '../protocol/home.ts';
import { RECORD_TYPES } from '../protocol/records.ts';
import { brokenRun, isType } from './ends.ts';
import { readIndexHead } from './index-file.ts';
import type { SkippedTypes } from './skipped.ts';

export interface LineScan {
  skipped: SkippedTypes;
  warnings: readonly { code: string; message: string }[];
}

/** The journal writes the type first. */
const TYPE = /^\{"type":"([^"\\]{0,64})"/;
/** Bytes of a line that contain its type. */
const TYPE_BYTES = 80;
const [NUL, OPEN, CLOSE] = [0x00, 0x7b, 0x7d];

/**
 * @param journal all of it, where it was read: it is read here otherwise, a chunk at a time, from where the run's index ends
 * @param writing a writer lives, which may truncate and rewrite the journal meanwhile: damage is not looked for
 * @throws RollscopeError `run-broken` where reading the journal would, as far as that shows without parsing its lines: a line
 * that is not an object before one that is, only such lines, records that are missing
 */
export async function scanLines(folder: string, journal: Buffer | null, writing: boolean): Promise<LineScan> {
  const known = journal ? null : await readIndexHead(folder, cacheFolder());
  const lines = new Lines(folder, known ? known.seq + 1 : 0, writing);
  if (journal) lines.add(journal);
  else for await (const block of readLineBlocks(inRun(folder, EVENTS_FILE), known?.journal.bytes)) lines.add(block);
  lines.end();
  const skipped = { ...known?.head.skipped };
  for (const [type, count] of lines.unknown) skipped[type] = (skipped[type] ?? 0) + count;
  return { skipped, warnings: [...(known?.head.warnings ?? []), ...lines.warnings] };
}

class Lines {
  readonly unknown = new Map<string, number>();
  readonly warnings: { code: string; message: string }[] = [];
  private lines: number;
  /** Lines up to the last one that is an object, and that one. */
  private whole: number;
  private last: Buffer | null = null;
  /** Number of the first line that is not an object. */
  private damaged: number | null = null;

  constructor(
    private readonly folder: string,
    from: number,
    private readonly writing: boolean,
  ) {
    this.lines = from;
    this.whole = from;
  }

  add(block: Buffer): void {
    for (const line of linesOf(block)) {
      this.lines++;
      if (line[0] !== OPEN || line[line.length - 1] !== CLOSE || line.includes(NUL)) {
        this.damaged ??= this.lines;
        continue;
      }
      // A kill may leave broken lines at the very end.
      if (this.damaged !== null) this.refuse(`line ${this.damaged} is not valid JSON`, { line: this.damaged });
      this.whole = this.lines;
      this.last = line;
      this.read(line);
    }
  }

  end(): void {
    if (this.damaged !== null && this.whole === 0)
      this.refuse(`line ${this.damaged} is not valid JSON`, { line: this.damaged });
    const parsed = this.last && parseLine(this.last.toString());
    if (!parsed || typeof parsed === 'string' || parsed.seq === this.whole - 1) return;
    const facts = { reason: 'out-of-order', value: parsed.seq, expected: this.whole - 1 };
    this.refuse(`the last record has the number ${facts.value} where ${facts.expected} is expected`, facts);
  }

  private read(line: Buffer): void {
    const type = TYPE.exec(line.toString('latin1', 0, TYPE_BYTES))?.[1];
    if (type === undefined) return;
    if (!RECORD_TYPES.has(type)) this.unknown.set(type, (this.unknown.get(type) ?? 0) + 1);
    else if (isType(line, 'warning')) {
      const parsed = parseLine(line.toString());
      if (typeof parsed !== 'string' && parsed.record?.type === 'warning') this.warnings.push(parsed.record);
    }
  }

  private refuse(what: string, facts?: object): void {
    if (!this.writing) throw brokenRun(this.folder, what, facts);
  }
}
