/**
 * Keeps Rollscope's wording apart from its behavior: tests assert codes and values, and the texts are committed in
 * `tests/wording`, one file per surface, to be read and reworded as a whole. `npx vitest run <test> -u` updates them; review
 * the changes before committing. A sentence file (errors, warnings) is filled by many tests: a sentence that it lacks fails
 * the test, and `-u` adds it. `npm test`, if all tests run and pass, lists unused sentences, and `npm test -- -u` removes
 * them.
 */
import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { expect } from 'vitest';
import { VERSION } from '../../engine/protocol/version.ts';
import { ROOT } from './processes.ts';
import { fileOf, recordSentence, SURFACES, type Surface, sentencesIn, wordingFile } from './sentences.ts';

export { wordingFile };

/** Checks that the wording of warnings is known. */
export function expectWarnings(records: readonly { type: string; code?: string; message?: string }[]): void {
  for (const record of records) {
    if (record.type === 'warning') expectWords('warnings', record.code!, record.message!);
  }
}

/** Checks that a surface's file has a sentence, with its values replaced by their names. */
export function expectWords(surface: Surface, heading: string, text: string): void {
  const said = withoutPlaces(text)
    .replaceAll(/\n{2,}/g, '\n')
    .trim();
  const file = wordingFile(surface);
  recordSentence(surface, heading, said);
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
export function updates(): boolean {
  const { snapshotState } = expect.getState();
  return (snapshotState as unknown as { _updateSnapshot?: string })._updateSnapshot === 'all';
}

/**
 * Line shapes with numbers normalized: a number, with its interval or missing, becomes 0, a sparkline one character, and a
 * repeated line appears once. Rows of problems, and progress lines, which depend on time, are left out.
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
