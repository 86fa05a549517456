/**
 * What Rollscope says, apart from what it does: tests assert codes and values, and the texts are committed in
 * `tests/wording`, one file per surface, to be read and reworded as a whole. `npx vitest run -u <test>` renews them; read
 * what changed before committing. A file of sentences (errors, warnings) is told by many tests: a sentence that it lacks
 * fails the test, and `-u` adds it. To drop what nothing says any more, delete the file, then run the suites `unit` and
 * `engine` with `-u`.
 */
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'vitest';
import { VERSION } from '../../engine/protocol/version.ts';
import { ROOT } from './processes.ts';

/** The file with all texts of a surface. */
export function wordingFile(surface: string): string {
  return path.join(ROOT, 'tests', 'wording', `${surface}.txt`);
}

/** The surfaces that many tests see a sentence of, and what their files say first. */
const SURFACES = {
  refusals: 'Errors and their hints, by code and reason; {name} is a value of the error.',
  warnings: 'Warnings of runs, by code.',
  repairs: 'What a repaired copy of a run lacks.',
  explanations: 'Why a rollout got its reward, by reward: the parts of a line are joined by semicolons.',
} as const;
export type Surface = keyof typeof SURFACES;

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
  const file = wordingFile(surface);
  if (sentencesIn(file).get(heading)?.includes(said)) return;
  if (!updates()) {
    const known = sentencesIn(file).get(heading) ?? [];
    expect(said, `tests/wording/${surface}.txt lacks these words of '${heading}'; vitest -u adds them`).toBe(
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
