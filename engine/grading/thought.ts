/** Separates what a response says from its reasoning. */
import { endOfContent, type Span } from './span.ts';

const NAMES = 'think|thinking|thought|thoughts|reasoning|reflection|scratchpad|analysis';
/** The end of a thought, or the beginning of the text after it. */
const CLOSE = new RegExp(
  `</(?:${NAMES}|seed:think)>|◁/think▷|\\[/THINK\\]|<\\|end_of_thought\\|>|<\\|channel\\|>final<\\|message\\|>`,
  'gi',
);
/** The beginning of a thought; not `<think>` in quotes, and not "<think> tags". */
const OPEN = new RegExp(
  `(?<!["'\`])<(?:(?:${NAMES}|seed:think)>|\\|begin_of_thought\\|>|\\|channel\\|>analysis<\\|message\\|>)(?!["'\`]|\\s{0,2}tags?\\b)|◁think▷|\\[THINK\\]`,
  'i',
);

/**
 * The part of a response that can contain its answer: the text after the last thought, without end tokens. null while a
 * thought is unfinished.
 */
export function answerPart(text: string): Span | null {
  let start = 0;
  if (/[<◁[]/.test(text)) {
    for (const close of text.matchAll(CLOSE)) start = close.index + close[0].length;
    if (OPEN.test(text.slice(start))) return null;
  }
  return { start, end: start + endOfContent(text.slice(start)) };
}
