/**
 * What the list of runs needs from all lines of a journal: whether each is complete, unknown types, and warnings. Only
 * warnings are parsed, so that a journal of a gigabyte takes a second. The part that the run's index covers is not
 * scanned again, but compared by checksum if the journal has changed while nobody writes it.
 */
import { parseLine } from '../journal/events.ts';
import { EVENTS_FILE, inRun } from '../journal/layout.ts';
import { writtenType } from '../journal/line-type.ts';
import { readLineBlocks } from '../journal/lines.ts';
import { cacheFolder } from '../protocol/home.ts';
import { RECORD_TYPES } from '../protocol/records.ts';
import { brokenRun } from './ends.ts';
import { readIndexHead } from './index-file.ts';
import type { ListedWarning } from './run-info.ts';
import type { SkippedTypes } from './skipped.ts';

export interface LineScan {
  skipped: SkippedTypes;
  warnings: readonly ListedWarning[];
}

/** The journal writes a record's number after its type. */
const NUMBER = /^\{"type":"[^"\\]{0,64}","seq":(\d{1,16}),/;
/** Bytes of a line that contain its type, and its number. */
const NUMBER_BYTES = 110;
const [NUL, NEWLINE] = [0x00, 0x0a];

/**
 * Reads a journal from where the run's index ends, one chunk at a time.
 * @param writing whether a writer is alive, which may truncate and rewrite the journal meanwhile; damage is then not
 * reported
 * @throws RollscopeError `run-broken` where reading the journal would, as far as it shows without parsing lines: an
 * invalid line before a record, only invalid lines, or missing records
 */
export async function scanLines(folder: string, writing: boolean): Promise<LineScan> {
  const known = await readIndexHead(folder, cacheFolder(), writing);
  const lines = new Lines(folder, known ? known.seq + 1 : 0, writing);
  for await (const block of readLineBlocks(inRun(folder, EVENTS_FILE), known?.journal.bytes)) lines.add(block);
  lines.end();
  const skipped = { ...known?.head.skipped };
  for (const [type, count] of lines.unknown) skipped[type] = (skipped[type] ?? 0) + count;
  return { skipped, warnings: [...(known?.head.warnings ?? []), ...lines.warnings] };
}

/** The same of all bytes of a journal. */
export function scanOf(folder: string, journal: Buffer, writing: boolean): LineScan {
  const lines = new Lines(folder, 0, writing);
  lines.add(journal);
  lines.end();
  return { skipped: Object.fromEntries(lines.unknown), warnings: lines.warnings };
}

class Lines {
  readonly unknown = new Map<string, number>();
  readonly warnings: ListedWarning[] = [];
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
    const mayHaveNul = block.includes(NUL);
    let last: Buffer | null = null;
    for (let begin = 0, end = 0; ; begin = end + 1) {
      end = block.indexOf(NEWLINE, begin);
      if (end < 0) break;
      this.lines++;
      const type = typeOf(block, begin, end);
      if (type === undefined || (mayHaveNul && block.subarray(begin, end).includes(NUL))) {
        this.damaged ??= this.lines;
        continue;
      }
      // A kill can leave incomplete lines at the very end.
      if (this.damaged !== null) this.refuse(`line ${this.damaged} is not valid JSON`, { line: this.damaged });
      this.whole = this.lines;
      last = block.subarray(begin, end);
      if (type !== 'group') this.read(type, block, begin, end);
    }
    // a copy: the block is there for now
    if (last) this.last = Buffer.from(last);
  }

  end(): void {
    if (this.damaged !== null && this.whole === 0)
      this.refuse(`line ${this.damaged} is not valid JSON`, { line: this.damaged });
    if (!this.last) return;
    const expected = this.whole - 1;
    // as the journal writes it; else the line is read
    const written = this.last.toString('latin1', 0, NUMBER_BYTES);
    if (NUMBER.exec(written)?.[1] === `${expected}`) return;
    const parsed = parseLine(this.last.toString('utf8'));
    if (typeof parsed === 'string' || parsed.seq === expected) return;
    const facts = { reason: 'out-of-order', value: parsed.seq, expected };
    this.refuse(`the last record has the number ${facts.value} where ${facts.expected} is expected`, facts);
  }

  private read(type: string, block: Buffer, begin: number, end: number): void {
    if (!RECORD_TYPES.has(type)) this.unknown.set(type, (this.unknown.get(type) ?? 0) + 1);
    else if (type === 'warning') {
      const parsed = parseLine(block.toString('utf8', begin, end));
      if (typeof parsed !== 'string' && parsed.record?.type === 'warning') this.warnings.push(parsed.record);
    }
  }

  private refuse(what: string, facts: object): void {
    if (!this.writing) throw brokenRun(this.folder, what, facts);
  }
}

/**
 * The type of a record's line; undefined if it is not a record. A line that is not written as the journal writes it is
 * parsed.
 */
function typeOf(block: Buffer, begin: number, end: number): string | undefined {
  const asWritten = writtenType(block, begin, end);
  if (asWritten !== undefined || end === begin) return asWritten;
  const parsed = parseLine(block.toString('utf8', begin, end));
  return typeof parsed === 'string' ? undefined : parsed.type;
}
