/** The reference answers of a row: one, or several of which any counts. Pure. */
import { referenceAnswer } from '../grading/extract.ts';
import { whole } from '../protocol/format.ts';
import { cellText } from '../protocol/values.ts';
import { valueOfText } from './chat.ts';

export interface Label {
  answer: string;
  /** All that count, `answer` first, where there are several. */
  accepted?: string[];
}

/** Ways in which tables write that there is no value. */
const MISSING: ReadonlySet<string> = new Set(['nan', '<na>']);

/** Names under which an object has the answer, as reward code of trainers takes it. */
const ANSWERS = ['ground_truth', 'answer', 'target', 'solution', 'value'] as const;

/** Answers of one row that may be accepted. */
const MOST_ACCEPTED = 10_000;

/** A label that cannot be read; the message continues after `"answer" `. */
export class LabelFault extends Error {}

/**
 * The label of a cell: a text, a number, a list of which any item counts (also written as the text of a list of strings),
 * TriviaQA's object of a value and its aliases, or an object that has the answer under a usual name. null for none.
 * Throws LabelFault.
 */
export function labelOf(cell: unknown): Label | null {
  const items = itemsOf(cell);
  if (items.length > MOST_ACCEPTED) throw new LabelFault(`is a list of ${whole(items.length)} answers`);
  const answers = [...new Set(items.flatMap((item) => textOf(item) ?? []))];
  const [answer] = answers;
  if (answer === undefined) return null;
  return answers.length === 1 ? { answer } : { answer, accepted: answers };
}

/** The same, with none for a label that cannot be read: of what a model or another trainer wrote. */
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
  const within = ANSWERS.map((name) => object[name]).find((one) => isScalar(one) || Array.isArray(one));
  if (within === undefined) return [cell];
  return Array.isArray(within) ? within : [within];
}

function isScalar(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint';
}

/** The items of a list of strings that was written as text; a list of numbers is an answer of its own. */
function listInText(text: string): string[] | null {
  if (!/^\s*(?:array\(\s*)?\[\s*["']/.test(text)) return null;
  const value = valueOfText(text);
  return Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'string') ? value : null;
}

function textOf(item: unknown): string | null {
  const text = cellText(item);
  return text === null || MISSING.has(text.trim().toLowerCase()) ? null : referenceAnswer(text);
}
