/** The reference answers of a row: one, or several, any of which is accepted. Pure. */
import { referenceAnswer } from '../grading/extract.ts';
import { integer } from '../protocol/format.ts';
import { cellText } from '../protocol/values.ts';
import { valueOfText } from './chat.ts';

export interface Label {
  answer: string;
  /** All accepted answers, `answer` first, if there are several. */
  accepted?: string[];
}

/** Texts that mark a missing value in tables. */
const MISSING: ReadonlySet<string> = new Set(['nan', '<na>']);

/** Keys of the answer in an object, as the reward code of trainers reads it. */
const ANSWERS = ['ground_truth', 'answer', 'target', 'solution', 'value'] as const;

/** Maximum number of accepted answers of one row. */
const MAX_ACCEPTED_ANSWERS = 10_000;

/** A label that cannot be read; the message continues after `"answer" `. */
export class LabelFault extends Error {}

/**
 * The label of a cell: a text, a number, a list of accepted answers (or a list of strings serialized as text), TriviaQA's
 * object with a value and its aliases, or an object with the answer under a common name. null for none. Throws LabelFault.
 */
export function labelOf(cell: unknown): Label | null {
  const items = itemsOf(cell);
  if (items.length > MAX_ACCEPTED_ANSWERS) throw new LabelFault(`is a list of ${integer(items.length)} answers`);
  const answers = [...new Set(items.flatMap((item) => textOf(item) ?? []))];
  const [answer] = answers;
  if (answer === undefined) return null;
  return answers.length === 1 ? { answer } : { answer, accepted: answers };
}

/** Like `labelOf`, but null for a label that cannot be read, for text from a model or another trainer. */
export function labelOrNone(cell: unknown): Label | null {
  try {
    return labelOf(cell);
  } catch (error) {
    if (error instanceof LabelFault) return null;
    throw error;
  }
}

function itemsOf(cell: unknown): readonly unknown[] {
  if (Array.isArray(cell)) return cell;
  if (typeof cell === 'string') return listInText(cell) ?? [cell];
  const object = (typeof cell === 'object' && cell !== null ? cell : {}) as Record<string, unknown>;
  const { value, aliases } = object;
  if (isScalar(value) && Array.isArray(aliases)) return [value, ...aliases];
  const within = ANSWERS.map((name) => object[name]).find(
    (candidate) => isScalar(candidate) || Array.isArray(candidate),
  );
  if (within === undefined) return [cell];
  return Array.isArray(within) ? within : [within];
}

function isScalar(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint';
}

/** The items of a list of strings serialized as text; null for other texts, since a list of numbers is a single answer. */
function listInText(text: string): string[] | null {
  if (!/^\s*(?:array\(\s*)?\[\s*["']/.test(text)) return null;
  const value = valueOfText(text);
  return Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'string') ? value : null;
}

function textOf(item: unknown): string | null {
  const text = cellText(item);
  return text === null || MISSING.has(text.trim().toLowerCase()) ? null : referenceAnswer(text);
}
