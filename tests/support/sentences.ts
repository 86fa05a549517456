/**
 * The files of sentences in `tests/wording`, and which of their sentences a test run heard. The reporter reads them outside
 * the tests, so nothing of Vitest is imported here.
 */
import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '../..');

/** The file with all texts of a surface. */
export function wordingFile(surface: string): string {
  return path.join(ROOT, 'tests', 'wording', `${surface}.txt`);
}

/** The surfaces that many tests see a sentence of, and what their files say first. */
export const SURFACES = {
  refusals: 'Errors and their hints, by code and reason; {name} is a value of the error.',
  warnings: 'Warnings of runs, by code.',
  repairs: 'What a repaired copy of a run lacks.',
  explanations: 'Why a rollout got its reward, by reward: the parts of a line are joined by semicolons.',
} as const;
export type Surface = keyof typeof SURFACES;

/** The sentences of a file by their headings. */
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

/** The text of a file of sentences. */
export function fileOf(introduction: string, sentences: ReadonlyMap<string, readonly string[]>): string {
  const sections = [...sentences].sort(([a], [b]) => (a < b ? -1 : 1));
  return [
    `${introduction}\n`,
    ...sections.map(
      ([heading, said]) => `## ${heading}\n${said.map((one) => one.replace(/^/gm, '  ')).join('\n\n')}\n`,
    ),
  ].join('\n');
}

/** Set where a run of all tests says in the end what nobody heard; inherited by its workers. */
export const WATCHED = 'ROLLSCOPE_WORDING';

/** Where each process of a test run writes down what it heard. */
const HEARD = path.join(ROOT, '.cache', 'wording');

/** Writes down that a test heard a sentence, where it matters. */
export function remember(surface: Surface, heading: string, said: string): void {
  if (!process.env[WATCHED]) return;
  mkdirSync(HEARD, { recursive: true });
  appendFileSync(path.join(HEARD, `${process.pid}.jsonl`), `${JSON.stringify([surface, heading, said])}\n`);
}

/** Forgets what earlier test runs heard. */
export function forgetWords(): void {
  rmSync(HEARD, { recursive: true, force: true });
}

/** The sentences that no test of this run heard, as `<file>: <heading>: <sentence>`; they are dropped where `drop` says so. */
export function unheardWords(drop: boolean): string[] {
  const heard = new Set(
    readdirSync(HEARD).flatMap((name) => readFileSync(path.join(HEARD, name), 'utf8').trimEnd().split('\n')),
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

/** The sentences that pass, without the headings that are left with none. */
export function filtered(
  sentences: ReadonlyMap<string, readonly string[]>,
  passes: (heading: string, said: string) => boolean,
): Map<string, string[]> {
  const left = [...sentences].map(([heading, all]) => [heading, all.filter((said) => passes(heading, said))] as const);
  return new Map(left.filter(([, all]) => all.length > 0));
}
