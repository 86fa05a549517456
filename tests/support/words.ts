/**
 * What Rollscope says, apart from what it does: tests assert codes and values, and the sentences are committed in one
 * file per surface below `tests/words`, to be read and reworded as a whole. A sentence that its file lacks fails the
 * test; `vitest -u` adds it. To drop sentences that nothing says any more, delete the file, then run the suites `unit`
 * and `engine` with `-u`.
 */
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'vitest';
import type { Experiment, Findings } from '../../engine/experiments/experiment.ts';
import { type ErrorData, RollscopeError } from '../../engine/protocol/index.ts';
import { VERSION } from '../../engine/protocol/version.ts';
import { ROOT } from './processes.ts';

const FOLDER = path.join(import.meta.dirname, '..', 'words');

/** What a surface's file says first. */
const SURFACES = {
  refusals: 'Errors and their hints, by code and reason; {name} is a value of the error.',
  warnings: 'Warnings of runs, by code.',
  repairs: 'What a repaired copy of a run lacks.',
} as const;
export type Surface = keyof typeof SURFACES;

type Facts = Record<string, unknown>;

/** Checks that an error is a refusal with this code and these facts (its reason is one), and that its words are known. */
export function expectRefusal(error: unknown, code: ErrorData['code'], facts: Facts): void {
  const { message, hint, details, ...rest } = error as ErrorData;
  if (error instanceof Error && !(error instanceof RollscopeError)) throw error;
  expect({ code: rest.code, details }, message).toMatchObject({ code, details: facts });
  if (!details) throw new Error(`The error has no details: ${message}`);
  // In hints, numbers are advice, not facts of the error.
  const texts = Object.fromEntries(Object.entries(details).filter(([, value]) => typeof value === 'string'));
  const advice = hint === undefined ? '' : `\n→ ${withNames(hint, texts)}`;
  expectWords('refusals', `${code} ${details.reason}`, `${withNames(message, details)}${advice}`);
}

/** What `work` is refused with. */
export async function refusalOf(work: Promise<unknown>): Promise<RollscopeError> {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (error instanceof RollscopeError) return error;
  throw error ?? new Error('It was not refused.');
}

/** Checks that a promise is refused with this code and these facts. */
export async function expectRejection(work: Promise<unknown>, code: ErrorData['code'], facts: Facts): Promise<void> {
  expectRefusal(await refusalOf(work), code, facts);
}

/** Checks that a function is refused with this code and these facts. */
export function expectThrow(work: () => unknown, code: ErrorData['code'], facts: Facts): void {
  let error: unknown = new Error('It was not refused.');
  try {
    work();
  } catch (thrown) {
    error = thrown;
  }
  expectRefusal(error, code, facts);
}

/** Checks that the words of warnings are known. */
export function expectWarnings(records: readonly { type: string; code?: string; message?: string }[]): void {
  for (const record of records) {
    if (record.type === 'warning') expectWords('warnings', record.code!, record.message!);
  }
}

/** Checks that a surface knows a sentence, whose values are given by name. */
export function expectWords(surface: Surface, heading: string, text: string): void {
  const said = withoutPlaces(text)
    .replaceAll(/\n{2,}/g, '\n')
    .trim();
  const file = path.join(FOLDER, `${surface}.txt`);
  if (sentencesIn(file).get(heading)?.includes(said)) return;
  if (!updates()) {
    const known = sentencesIn(file).get(heading) ?? [];
    expect(said, `tests/words/${surface}.txt lacks these words of '${heading}'; vitest -u adds them`).toBe(
      known.length === 1 ? known[0] : known.join('\n\n'),
    );
  }
  locked(file, () => {
    const sentences = sentencesIn(file);
    sentences.set(heading, [...new Set([...(sentences.get(heading) ?? []), said])].sort());
    writeFileSync(file, fileOf(SURFACES[surface], sentences));
  });
}

/** Whether tests run with `-u`. */
function updates(): boolean {
  const { snapshotState } = expect.getState();
  return (snapshotState as unknown as { _updateSnapshot?: string })._updateSnapshot === 'all';
}

/** Facts that are words themselves: they stay. */
const WORDS: ReadonlySet<string> = new Set(['reason', 'fault', 'state', 'message', 'expected']);
/** Facts that may be any word: they count in quotes only. */
const ANY_WORD: ReadonlySet<string> = new Set(['value', 'field', 'found', 'nearest', 'text']);

/** Facts that are texts of others. */
const TEXTS: ReadonlySet<string> = new Set(['system', 'output']);

/** A text with names in place of the values that the details have. */
export function withNames(text: string, details: Facts): string {
  const facts = Object.entries(details)
    .filter(([name, value]) => !WORDS.has(name) && (typeof value === 'string' || typeof value === 'number'))
    .map(([name, value]) => [name, String(value)] as const)
    .filter(([name, value]) => value !== '' && value !== name)
    .sort(([, a], [, b]) => b.length - a.length);
  return facts.reduce((left, [name, value]) => {
    if (TEXTS.has(name)) return left.replaceAll(value, `{${name}}`);
    const literal = value.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    const isWord = /^[a-z]+$/i.test(value);
    const inQuotes = isWord && ANY_WORD.has(name);
    const [joins, ends] = isWord ? ['\\w.{/-', '\\w}/-'] : ['\\w.{', '\\w}'];
    const pattern = inQuotes ? `(?<=['"])${literal}(?=['"])` : `(?<![${joins}])${literal}(?![${ends}]|\\.\\w)`;
    // A word may occur again as what it means.
    return left.replace(new RegExp(pattern, isWord && !inQuotes ? '' : 'g'), `{${name}}`);
  }, text);
}

/**
 * The shapes of lines that numbers fill: a number, with its interval or missing, becomes 0, a sparkline one character, and
 * a line that repeats is there once. Rows of problems and lines of progress, which come by time, are left out.
 */
export function linesWithoutNumbers(text: string): string {
  const shapes = text
    .split('\n')
    .filter((line) => !/^[a-z]+-\d|^(?:step \d|[–\d]).* tokens\/s/.test(line))
    .map((line) =>
      line
        .replace(/-?\d+(?:[.,:]\d+)*(?:e-?\d+)?/g, '0')
        .replace(/ \(0 to 0\)/g, '')
        .replaceAll('–', '0')
        .replace(/[▁▂▃▄▅▆▇█]+/g, '▁')
        .replace(/ {2,}/g, '  ')
        .trimEnd(),
    );
  return shapes.filter((line, i) => line === '' || shapes.indexOf(line) === i).join('\n');
}

function withoutPlaces(text: string): string {
  return text
    .replaceAll(ROOT, '<repository>')
    .replaceAll(new RegExp(`${tmpdir()}/[\\w.-]+`, 'g'), '<temporary>')
    .replaceAll(VERSION, '<version>');
}

function sentencesIn(file: string): Map<string, string[]> {
  let content: string;
  try {
    content = readFileSync(file, 'utf8');
  } catch {
    return new Map();
  }
  const [, ...sections] = content.split(/^## /m);
  return new Map(
    sections.map((section) => {
      const [heading, ...lines] = section.split('\n');
      return [
        heading!,
        lines
          .join('\n')
          .trim()
          .split(/\n{2,}/)
          .map((said) => said.replace(/^ {2}/gm, '')),
      ];
    }),
  );
}

function fileOf(introduction: string, sentences: ReadonlyMap<string, readonly string[]>): string {
  const sections = [...sentences].sort(([a], [b]) => (a < b ? -1 : 1));
  return [
    `${introduction}\n`,
    ...sections.map(
      ([heading, said]) => `## ${heading}\n${said.map((one) => one.replace(/^/gm, '  ')).join('\n\n')}\n`,
    ),
  ].join('\n');
}

/** Test files run in parallel. */
function locked(file: string, work: () => void): void {
  const lock = `${file}.lock`;
  for (const end = Date.now() + 60_000; ; ) {
    try {
      mkdirSync(lock);
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || Date.now() > end) throw error;
    }
  }
  try {
    work();
  } finally {
    rmdirSync(lock);
  }
}

/** Checks the words of an experiment's report, without the rows of its tables. */
export async function expectReport(experiment: Experiment, { criteria, remarks, sections }: Findings): Promise<void> {
  const { title, question, finding, method } = experiment;
  const parts = sections.map((section) => {
    if (section.kind === 'text') return [section.title ?? '', ...section.paragraphs].join('\n');
    const head = section.note === undefined ? section.title : `${section.title}\n${section.note}`;
    if (section.kind === 'table') return `${head}\n| ${section.columns.join(' | ')} |`;
    return [head, ...section.plots.map((plot) => `  ${plot.title}: ${'x' in plot ? plot.x : ''} × ${plot.y}`)].join(
      '\n',
    );
  });
  const text = [
    ...[title, question, finding, method],
    ...criteria.map(({ expected, measured, met }) => `[${met}] ${expected}\n  ${measured}`),
    ...remarks,
    ...parts,
  ].join('\n\n');
  await expect(`${text}\n`).toMatchFileSnapshot(path.join(FOLDER, 'experiments', `${experiment.name}.txt`));
}
