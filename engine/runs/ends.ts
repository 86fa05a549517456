/**
 * What the list of runs needs of a journal: its last step, its first and last evaluation, how it ended. Read from the two
 * ends of `events.jsonl`; what lies far from the end comes from the run's index where there is one.
 */
import { parseLine, repairHint } from '../journal/events.ts';
import { EVENTS_FILE, inRun } from '../journal/layout.ts';
import { linesOf, linesOfBackward, readLines, readLinesBackward } from '../journal/lines.ts';
import { RollscopeError } from '../protocol/errors.ts';
import { cacheFolder } from '../protocol/home.ts';
import type { EvaluationRecord, JournalRecord, StepRecord } from '../protocol/records.ts';
import { readIndex, readIndexHead } from './index-file.ts';

/** Bytes from the end behind which the index is asked. */
const FAR = 16 * 2 ** 20;

export interface Ends {
  /** The latest finished step; 0 before the first. */
  step: number;
  /** The evaluation that comes before the first step, and the last one: in the order of their steps, each once. */
  evaluations: EvaluationRecord[];
  /** How the run ended; null without an end behind the last step. */
  end: RecordOf<'end'> | null;
  /** The latest thing that people did to the run since; null without. */
  lifecycle: RecordOf<'lifecycle'> | null;
}

type RecordOf<T extends JournalRecord['type']> = Extract<JournalRecord, { type: T }>;

/**
 * @param journal all bytes of it, where they were read; null: its ends are read here
 * @throws RollscopeError `run-broken` where what it looks at cannot be read
 */
export async function readEnds(folder: string, journal: Buffer | null = null): Promise<Ends> {
  const first = await readStart(folder, journal);
  const { evaluation, ...end } = await readEnd(folder, journal);
  const evaluations = [first, evaluation].filter((one) => one !== null);
  return { ...end, evaluations: evaluations.filter(({ seq }, i) => seq !== evaluations[i - 1]?.seq) };
}

async function readStart(folder: string, journal: Buffer | null): Promise<EvaluationRecord | null> {
  if (journal) {
    for (const line of linesOf(journal)) {
      if (isType(line, 'step')) return null;
      if (isType(line, 'evaluation')) return parse<EvaluationRecord>(folder, line.toString());
    }
    return null;
  }
  for await (const { text } of readLines(inRun(folder, EVENTS_FILE))) {
    if (text.startsWith(prefixOf('step'))) return null;
    if (text.startsWith(prefixOf('evaluation'))) return parse<EvaluationRecord>(folder, text);
  }
  return null;
}

async function readEnd(folder: string, journal: Buffer | null) {
  let step: StepRecord | null = null;
  let evaluation: EvaluationRecord | null = null;
  let end: Ends['end'] = null;
  let lifecycle: Ends['lifecycle'] = null;
  /** Behind the last record of the run's own work, whose end comes before what people did since. */
  let behindWork = true;
  let whole = false;
  let unfinished: string | null = null;
  let indexAsked = false;
  const lines = journal ? linesOfBackward(journal) : readLinesBackward(inRun(folder, EVENTS_FILE));
  for await (const { bytes, start, behind } of lines) {
    if (behindWork) {
      // A kill may leave broken lines at the very end; records of newer types say nothing here.
      const parsed = parseLine(bytes.toString());
      if (typeof parsed === 'string') unfinished ??= parsed;
      else if (parsed.record) {
        whole = true;
        if (parsed.record.type === 'end') end = parsed.record;
        if (parsed.record.type === 'lifecycle') lifecycle ??= parsed.record;
        else behindWork = false;
      }
    }
    if (!evaluation && isType(bytes, 'evaluation')) evaluation = parse<EvaluationRecord>(folder, bytes.toString());
    if (!step && isType(bytes, 'step')) step = parse<StepRecord>(folder, bytes.toString());
    // The evaluation may be that of the start.
    if (step && evaluation) break;
    if (behindWork || indexAsked || behind < FAR) continue;
    indexAsked = true;
    const indexed = await readIndex(folder, cacheFolder());
    if (!indexed || indexed.journal.bytes < start) continue;
    const { columns } = indexed;
    return {
      step: step?.step ?? columns.step,
      evaluation: evaluation ?? columns.head.evaluations.at(-1) ?? null,
      end,
      lifecycle,
    };
  }
  if (!whole && unfinished !== null) throw brokenRun(folder, unfinished);
  return { step: step?.step ?? 0, evaluation, end, lifecycle };
}

/**
 * The warnings of a run; [] also where that cannot be told without reading the run.
 * @param journal all of it, where it is small: of a larger one the index knows
 */
export async function readWarnings(
  folder: string,
  journal: Buffer | null,
): Promise<readonly { code: string; message: string }[]> {
  if (!journal) return (await readIndexHead(folder, cacheFolder()))?.warnings ?? [];
  const lines = [...linesOf(journal)].filter((line) => isType(line, 'warning'));
  return lines.flatMap((line) => {
    const parsed = parseLine(line.toString());
    return typeof parsed !== 'string' && parsed.record?.type === 'warning' ? parsed.record : [];
  });
}

/** The journal writes the type first, so that a line can be told without parsing it. */
function prefixOf(type: JournalRecord['type']): string {
  return `{"type":"${type}"`;
}

function isType(line: Buffer, type: JournalRecord['type']): boolean {
  const prefix = prefixOf(type);
  return line.subarray(0, prefix.length).toString('latin1') === prefix;
}

function parse<T extends JournalRecord>(folder: string, line: string): T {
  const parsed = parseLine(line);
  if (typeof parsed === 'string') throw brokenRun(folder, parsed);
  return parsed.record as T;
}

function brokenRun(folder: string, what: string): RollscopeError {
  return new RollscopeError('run-broken', `${inRun(folder, EVENTS_FILE)}: ${what}.`, repairHint(folder), {
    details: { reason: 'bad-record', file: inRun(folder, EVENTS_FILE), fault: what },
  });
}
