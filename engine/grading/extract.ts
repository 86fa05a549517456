/** Finds the final answer in a response, its span, and the value in a label. */
import { lastBoxed } from './boxes.ts';
import { lastNumber } from './last-number.ts';
import { type Found, MAX_ANSWER, type Span } from './span.ts';
import { lastHashes, lastStatement } from './statement.ts';
import { lastTag } from './tags.ts';
import { answerPart } from './thought.ts';

/** How far from the end of a response its answer is searched for, in characters. */
export const WINDOW = 100_000;

type ExtractionMode = 'strict' | 'lenient';

/**
 * The final answer as written, without its marks; null if there is none. In this order: the last balanced `\boxed{...}` or
 * `<answer>...</answer>`, whichever is later; the last `#### x`; the last `final answer is x` or `answer is x`. Thoughts
 * (`<think>...</think>`) do not count as an answer, and neither does a response that ends within a box. `lenient` (for human
 * inspection, never votes or rewards) adds the last number, or the formula that contains it. Linear in the length of the
 * text.
 */
export function extractAnswer(text: string, mode: ExtractionMode): string | null {
  return findAnswer(text, mode)?.text ?? null;
}

/**
 * The span of the final answer: `text.slice(start, end)` is what `extractAnswer` returns for the same text and mode, or
 * contains it, if it is a list of boxes. Offsets in UTF-16 code units, `end` exclusive, never empty; null if there is no
 * answer.
 */
export function locateAnswer(text: string, mode: ExtractionMode): Span | null {
  const found = findAnswer(text, mode);
  return found && { start: found.start, end: found.end };
}

function findAnswer(text: string, mode: ExtractionMode): Found | null {
  const part = answerPart(text);
  if (!part) return null;
  const start = Math.max(part.start, part.end - WINDOW);
  const said = text.slice(start, part.end);
  const found = markedOrStated(said);
  if (found === 'cut') return null;
  return shifted(found ?? (mode === 'lenient' ? lastNumber(said) : null), start);
}

function markedOrStated(said: string): Found | 'cut' | null {
  return markedAnswer(said) ?? lastStatement(said);
}

/** The rule `auto`, applied to the part of a response that can contain its answer. */
export function automatic(said: string): Found | null {
  const found = markedOrStated(said);
  return found === 'cut' ? null : found;
}

/** The answer in a box, in a tag or after hashes. */
function markedAnswer(text: string): Found | 'cut' | null {
  const box = lastBoxed(text);
  const tag = lastTag(text);
  if (box === 'cut' || tag === 'cut') return 'cut';
  if (tag && (!box || box.end < tag.start)) return answerInTag(text, tag);
  return box ?? lastHashes(text);
}

/** The answer within a tag, whose content may be a sentence. */
function answerInTag(text: string, tag: Found): Found {
  const content = text.slice(tag.start, tag.end);
  const found = lastHashes(content) ?? lastStatement(content);
  return found ? shifted(found, tag.start) : tag;
}

function shifted<T extends Found | null>(found: T, by: number): T {
  return found && { ...found, start: found.start + by, end: found.end + by };
}

/**
 * The value in a label column: the answer in a solution with `#### x`, `\boxed{x}`, `the answer is x` or a last line `A: x`;
 * otherwise the bare value itself. null for empty text.
 */
export function referenceAnswer(text: string): string | null {
  const found = markedAnswer(text.slice(-WINDOW));
  if (found !== null && found !== 'cut') return found.text;
  const bare = text.trim();
  if (bare === '') return null;
  return labeledLine(bare) ?? lastStatement(bare.slice(-WINDOW))?.text ?? bare;
}

/** `A: 7` or `Answer: 7` as the last nonempty line. */
function labeledLine(text: string): string | null {
  const line = text.slice(text.lastIndexOf('\n') + 1).trim();
  const value = /^A(?:nswer)?:/.exec(line) && line.slice(line.indexOf(':') + 1).trim();
  return value && value.length <= MAX_ANSWER ? value : null;
}
