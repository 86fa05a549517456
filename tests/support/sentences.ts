/**
 * The sentence files in `tests/wording`, and which of their sentences a test run produced. The reporter reads them outside
 * the tests, so this file imports nothing from Vitest.
 */
import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '../..');

/** The file with all texts of a surface. */
export function wordingFile(surface: string): string {
  return path.join(ROOT, 'tests', 'wording', `${surface}.txt`);
}

/** Surfaces whose sentences come from many tests, with the introduction of their files. */
export const SURFACES = {
  refusals: 'Errors and their hints, by code and reason; {name} is a value of the error.',
  warnings: 'Warnings of runs, by code.',
  repairs: 'What a repaired copy of a run lacks.',
  explanations: 'Why a rollout got its reward, by reward: the parts of a line are joined by semicolons.',
} as const;
export type Surface = keyof typeof SURFACES;

/** The sentences of a file by heading. */
export function sentencesIn(file: string): Map<string, string[]> {
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

/** The content of a sentence file. */
export function fileOf(introduction: string, sentences: ReadonlyMap<string, readonly string[]>): string {
  const sections = [...sentences].sort(([a], [b]) => (a < b ? -1 : 1));
  return [
    `${introduction}\n`,
    ...sections.map(
      ([heading, said]) => `## ${heading}\n${said.map((item) => item.replace(/^/gm, '  ')).join('\n\n')}\n`,
    ),
  ].join('\n');
}

/** Set if a run of all tests reports unused sentences at the end; inherited by its workers. */
export const WORDING_VARIABLE = 'ROLLSCOPE_WORDING';

/** Where each process of a test run records the sentences that it produced. */
const RECORDS_FOLDER = path.join(ROOT, '.cache', 'wording');

/** Records that a test produced a sentence, if this run is watched. */
export function recordSentence(surface: Surface, heading: string, said: string): void {
  if (!process.env[WORDING_VARIABLE]) return;
  mkdirSync(RECORDS_FOLDER, { recursive: true });
  appendFileSync(path.join(RECORDS_FOLDER, `${process.pid}.jsonl`), `${JSON.stringify([surface, heading, said])}\n`);
}

/** Deletes the records of earlier test runs. */
export function clearRecords(): void {
  rmSync(RECORDS_FOLDER, { recursive: true, force: true });
}

/**
 * Sentences that no test of this run produced, as `<file>: <heading>: <sentence>`; with `drop`, removes them from the files.
 */
export function unusedSentences(drop: boolean): string[] {
  const heard = new Set(
    readdirSync(RECORDS_FOLDER).flatMap((name) =>
      readFileSync(path.join(RECORDS_FOLDER, name), 'utf8').trimEnd().split('\n'),
    ),
  );
  return (Object.keys(SURFACES) as Surface[]).flatMap((surface) => {
    const file = wordingFile(surface);
    const sentences = sentencesIn(file);
    const kept = filtered(sentences, (heading, said) => heard.has(JSON.stringify([surface, heading, said])));
    const unheard = filtered(sentences, (heading, said) => !kept.get(heading)?.includes(said));
    if (drop && unheard.size > 0) writeFileSync(file, fileOf(SURFACES[surface], kept));
    return [...unheard].flatMap(([heading, all]) =>
      all.map((said) => `${path.relative(ROOT, file)}: ${heading}: ${said}`),
    );
  });
}

/** The sentences that pass, without headings that become empty. */
export function filtered(
  sentences: ReadonlyMap<string, readonly string[]>,
  passes: (heading: string, said: string) => boolean,
): Map<string, string[]> {
  const left = [...sentences].map(([heading, all]) => [heading, all.filter((said) => passes(heading, said))] as const);
  return new Map(left.filter(([, all]) => all.length > 0));
}
