/** Ways of comparing answers other than as mathematics: each gives an answer a key, and equal keys are equal answers. */
import { choiceOf } from './choice.ts';
import { clean } from './clean.ts';
import { exactValue } from './evaluate.ts';
import { lastNumber } from './last-number.ts';
import { withStepLimit } from './meter.ts';
import { isScalar, symbolsOf } from './node.ts';
import { understand } from './understand.ts';

export type Comparison = 'math' | 'text' | 'number' | 'choice' | 'set';

/** Step budget for the value of one answer. */
const STEPS = 100_000;

/** Maximum length of an answer that is parsed, in characters. */
const MAX_LENGTH = 1000;

/** The key function of a comparison; null for `math`, which no key can express. */
export function keyFor(comparison: Comparison): ((answer: string) => string) | null {
  if (comparison === 'math') return null;
  return { text: foldedText, number: numberKey, choice: choiceKey, set: setKey }[comparison];
}

/** Words without case, diacritics, articles and punctuation: `The Nile.` is `nile`. */
function foldedText(answer: string): string {
  const words = answer
    .slice(0, MAX_LENGTH)
    .normalize('NFKC')
    .toLowerCase()
    .replace(/\\(?:text\w*|mathrm|mathbf|boxed)|['’‘]/g, '')
    // `U.S.A.` is `USA`
    .replace(/(?<![\p{L}\p{N}])(?:\p{L}\.){2,}/gu, (letters) => letters.replaceAll('.', ''))
    .match(/[\p{L}\p{N}\p{M}]+(?:[.,]\d+)*/gu);
  const said = (words ?? []).filter((word) => !/^(?:a|an|the)$/.test(word)).join(' ');
  return said || answer.trim().toLowerCase();
}

function numberKey(answer: string): string {
  return valueKey(answer) ?? valueKey(lastNumber(answer)?.text ?? '') ?? foldedText(answer);
}

/** The exact value of a number, ignoring its unit; null for anything else. */
function valueKey(answer: string): string | null {
  for (let node of understand(answer).readings) {
    if (node.kind === 'relation') node = node.sides.at(-1)!;
    if (node.kind === 'percent' || node.kind === 'degrees') node = node.of;
    if (!isScalar(node) || symbolsOf(node).size > 0) continue;
    const of = node;
    const value = withStepLimit(
      STEPS,
      () => exactValue(of),
      () => null,
    );
    if (value) return `${value.n}/${value.d}`;
  }
  return null;
}

/** The chosen letters in alphabetical order; words if there are none. */
function choiceKey(answer: string): string {
  const choice = choiceOf(clean(answer.slice(0, MAX_LENGTH)));
  if (choice) return choice.letter;
  const text = answer.trim();
  if (text.length > MAX_LENGTH) return foldedText(answer);
  const letters = /^[A-J](?:(?:[ ,;&]|and)*[A-J])*$/.test(text) ? text.match(/[A-J]/g)! : null;
  return letters ? [...new Set(letters)].sort().join('') : foldedText(answer);
}

/** Items separated by commas, semicolons, line breaks or "and", each as a number or as words. */
function setKey(answer: string): string {
  const text = answer
    .slice(0, MAX_LENGTH)
    .trim()
    .replace(/^(?:\\?[{[(]|\\left\\?[{[(])|(?:\\right)?\\?[}\])]$/g, '');
  const items = text.split(/[;\n]|,(?!\d{3}(?!\d))|\band\b|\bor\b/).filter((item) => item.trim() !== '');
  return [...new Set(items.map((item) => valueKey(item) ?? foldedText(item)))].sort().join('; ');
}
