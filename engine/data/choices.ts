/**
 * Choices in separate columns (MMLU, ARC and others): how the model sees them, and which choice a label means. Pure.
 */
import { withoutEnd } from '../protocol/trim-end.ts';
import { cellText, isObject } from '../protocol/values.ts';
import { valueOfText } from './chat.ts';
import type { RowValues } from './fields.ts';
import type { Label } from './labels.ts';

export interface Choices {
  /** `A`, `B`, ... or the names in the data. */
  names: string[];
  texts: string[];
}

/** The columns that contain the choices of a dataset. */
export interface ChoiceColumns {
  columns: string[];
  of: (values: RowValues) => Choices | null;
}

const LISTS: ReadonlySet<string> = new Set(['choices', 'options', 'answer_choices', 'candidates']);
/** Columns of one choice each: `A`, `option_a`, `opa`. */
const LETTERED = ['', 'option_', 'option', 'choice_', 'op'];
const LETTERS = 'abcdefghijklmnopqrstuvwxyz';

/** The columns of choices in these rows; null if there are none. */
export function choiceColumns(rows: readonly RowValues[]): ChoiceColumns | null {
  const some = rows.slice(0, 100);
  const names = [...new Set(some.flatMap((values) => Object.keys(values)))];
  for (const name of names) {
    if (!LISTS.has(name.toLowerCase())) continue;
    const of = (values: RowValues) => choicesInCell(values[name]);
    if (some.some((values) => of(values) !== null)) return { columns: [name], of };
  }
  const byLower = new Map(names.map((name) => [name.toLowerCase(), name]));
  for (const prefix of LETTERED) {
    const columns: string[] = [];
    for (const letter of LETTERS) {
      const name = byLower.get(prefix + letter);
      if (name === undefined) break;
      columns.push(name);
    }
    if (columns.length >= 3) return { columns, of: (values) => letteredChoices(columns.map((name) => values[name])) };
  }
  return null;
}

/** Choices in one cell: a list of texts, of `{label, text}`, `{text: [...], label: [...]}`, or texts by letter. */
function choicesInCell(cell: unknown): Choices | null {
  const value = typeof cell === 'string' && /^\s*[[{]/.test(cell) ? valueOfText(cell) : cell;
  if (Array.isArray(value)) {
    if (value.length > 0 && value.every((item) => isObject(item) && 'text' in item)) {
      const items = value as RowValues[];
      return namedChoices(
        items.map(({ text }) => text),
        items.map(({ label, key }) => label ?? key),
      );
    }
    return value.some((item) => typeof item === 'object') ? null : letteredChoices(value);
  }
  if (!isObject(value)) return null;
  if (Array.isArray(value.text)) return namedChoices(value.text, Array.isArray(value.label) ? value.label : []);
  const entries = Object.entries(value).filter(([, text]) => text !== null && text !== undefined);
  if (!entries.every(([name]) => /^[A-Za-z]$/.test(name))) return null;
  return namedChoices(
    entries.map(([, text]) => text),
    entries.map(([name]) => name),
  );
}

function letteredChoices(items: readonly unknown[]): Choices | null {
  let end = items.length;
  while (end > 0 && cellText(items[end - 1]) === null) end--;
  return namedChoices(items.slice(0, end), []);
}

function namedChoices(items: readonly unknown[], names: readonly unknown[]): Choices | null {
  if (items.length < 2 || items.length > LETTERS.length) return null;
  const texts = withoutLetters(items.map(cellText));
  if (!texts.every((text) => text !== null)) return null;
  return { names: texts.map((_, i) => cellText(names[i]) ?? LETTERS[i]!.toUpperCase()), texts };
}

/** Strips the letters of `A) 21`, `B) 22`, if all texts have their own letter. */
function withoutLetters(texts: readonly (string | null)[]): (string | null)[] {
  const rests = texts.map((text, i) => {
    const found = /^\s*\(?([A-Za-z])[).:]\s*(?=\S)/.exec(text ?? '');
    return found && found[1]!.toLowerCase() === LETTERS[i] ? text!.slice(found[0].length) : null;
  });
  return rests.every((rest) => rest !== null) ? rests : [...texts];
}

/** Whether a problem's text already contains all of its choices. */
export function showsChoices(text: string, { texts }: Choices): boolean {
  return texts.every((choice) => text.includes(choice.trim()));
}

/** The question followed by an empty line and one line per choice: `A. text`. */
export function withChoices(text: string, { names, texts }: Choices): string {
  return `${text}\n\n${names.map((name, i) => `${name}. ${texts[i]}`).join('\n')}`;
}

/** How labels identify a choice: by its name, by its text, or by its number from 0 or 1. */
export type ChoiceNaming = 'name' | 'text' | 0 | 1;

/** How the labels of a dataset identify choices; null if they do not all do so in the same way. */
export function choiceNaming(rows: readonly { label: Label | null; choices: Choices | null }[]): ChoiceNaming | null {
  const known = rows.flatMap(({ label, choices }) => (label && choices ? [{ label: label.answer, choices }] : []));
  if (known.length === 0) return null;
  const all = (holds: (label: string, choices: Choices) => boolean) =>
    known.every(({ label, choices }) => holds(label.trim(), choices));
  if (all((label, { names }) => nameIndex(label, names) >= 0)) return 'name';
  if (all((label, { texts }) => texts.some((text) => text.trim() === label))) return 'text';
  if (!all((label) => /^\d{1,2}$/.test(label))) return null;
  if (all((label, { texts }) => Number(label) < texts.length)) return 0;
  return all((label, { texts }) => Number(label) >= 1 && Number(label) <= texts.length) ? 1 : null;
}

/** `B`, `(B)`, `B.` and `b` mean the choice B. */
function nameIndex(label: string, names: readonly string[]): number {
  const bare = withoutEnd(label.replace(/^\(/, ''), /[).:]/);
  const exact = names.indexOf(bare);
  return exact >= 0 ? exact : names.findIndex((name) => name.toLowerCase() === bare.toLowerCase());
}

/** The label as the name of its choice; the text of the choice is accepted, too. */
export function choiceLabel({ answer }: Label, { names, texts }: Choices, naming: ChoiceNaming): Label {
  const label = answer.trim();
  const at =
    naming === 'name'
      ? nameIndex(label, names)
      : naming === 'text'
        ? texts.findIndex((text) => text.trim() === label)
        : Number(label) - naming;
  const [name, text] = [names[at]!, texts[at]!.trim()];
  // A text that is another choice's name would make that choice count as correct.
  const plain = texts.every((other) => nameIndex(other.trim(), names) < 0);
  if (!plain || text === '') return { answer: name };
  return { answer: name, accepted: [name, text] };
}
