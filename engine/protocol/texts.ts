/** How everything that is not a number is written: a text on one line, a verdict, the program that made a run. Pure. */
import { DASH } from './format.ts';

/** `correct`, `wrong`; a dash if unknown. */
export function verdictText(correct: boolean | null | undefined): string {
  return correct === null || correct === undefined ? DASH : correct ? 'correct' : 'wrong';
}

/** ✓ or ✗; nothing if unknown. */
export function verdictMark(correct: boolean | null): string {
  return correct === null ? '' : correct ? '✓' : '✗';
}

/** With a capital first letter. */
export function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** One line of at most `length` characters: line breaks become spaces, and an ellipsis replaces the rest. */
export function oneLine(text: string, length: number): string {
  const line = [...firstWords(text, 2 * length + 2)];
  if (line.length <= length) return line.join('');
  return `${line
    .slice(0, Math.max(0, length - 1))
    .join('')
    .trimEnd()}…`;
}

/** Words of a text with single spaces between them, until they have so many code units: a text may be of megabytes. */
function firstWords(text: string, units: number): string {
  let line = '';
  for (const { 0: word } of text.matchAll(/\S+/g)) {
    if (line !== '') line += ' ';
    line += word.slice(0, units + 2);
    if (line.length >= units) break;
  }
  return line;
}

/** The program that made a run: `TRL 0.20`. */
export function originText({ engine, version }: { engine: string; version: string | null }): string {
  const name = engine === 'rollscope' ? 'Rollscope' : engine;
  return version === null ? name : `${name} ${version}`;
}

/** The last part of a path of any system. */
export function baseName(file: string): string {
  return file.split(/[\\/]/).at(-1) || file;
}

/** `since step 12`; what was already so before training has been so from the start. */
export function sinceText(step: number): string {
  return step === 0 ? 'from the start' : `since step ${step}`;
}

/** A word of a command line as a shell would need it. */
export function shellWord(word: string): string {
  return /^[\w./:@=+-]+$/.test(word) ? word : JSON.stringify(word);
}
