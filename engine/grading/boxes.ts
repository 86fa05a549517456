/** The answer in `\boxed{...}`. */
import { equivalent } from './equivalence.ts';
import { type Found, MAX_ANSWER, trimmedSpan } from './span.ts';

interface Box {
  /** Start of the macro. */
  start: number;
  /** Index after the closing brace. */
  end: number;
  content: Found;
}

const BOX = /\\(?:boxed|fbox) ?$/;
const BARE = /\\boxed ?\$?(-?\d[\d.,]*(?<=\d)|[A-Za-z](?![A-Za-z]))/g;

/**
 * The content of the last nonempty box to close, or of a later `\boxed 5`; for several boxes of one closing statement, the
 * contents of all. `cut` if the text ends within a later box: whether that box would have repeated the answer or changed it
 * is unknown. One pass over the text.
 */
export function lastBoxed(text: string): Found | 'cut' | null {
  if (!/\\(?:boxed|fbox)/.test(text)) return null;
  let chain: Box[] = [];
  const open: { at: number; start: number }[] = [];
  const mark = /[\\{}]/g;
  // Searching for the marks is faster than checking each character: most of a response has none.
  while (mark.test(text)) {
    const i = mark.lastIndex - 1;
    const c = text.charCodeAt(i);
    if (c === 92) mark.lastIndex++;
    else if (c === 123) open.push({ at: i, start: startOfBox(text, i) });
    else if (c === 125) {
      const group = open.pop();
      const content = group && group.start >= 0 && trimmedSpan(text, group.at + 1, i);
      if (!content) continue;
      const box: Box = { start: group.start, end: i + 1, content };
      const before = chain.at(-1);
      if (before && before.end <= box.start && areJoined(text, before, box)) chain.push(box);
      else chain = [box];
    }
  }
  const from = chain.at(-1)?.end ?? 0;
  let bare: Found | null = null;
  for (const found of text.slice(from).matchAll(BARE)) {
    const end = from + found.index + found[0].length;
    bare = { start: end - found[1]!.length, end, text: found[1]! };
  }
  if (bare) return bare;
  if (open.some(({ at, start }) => start >= from && isCut(text, at))) return 'cut';
  return answerList(chain);
}

/** Start of the macro whose argument opens at `brace`; -1 if no box macro precedes the brace. */
function startOfBox(text: string, brace: number): number {
  const before = text[text[brace - 1] === ' ' ? brace - 2 : brace - 1];
  if (before !== 'd' && before !== 'x') return -1;
  const from = Math.max(0, brace - 8);
  const found = BOX.exec(text.slice(from, brace));
  return found ? from + found.index : -1;
}

/** Whether the text ends within the box that opens at `brace`; an unclosed box followed by more text is merely malformed. */
function isCut(text: string, brace: number): boolean {
  return text.length - brace <= MAX_ANSWER && !/\n\s*\n/.test(text.slice(brace));
}

/** Text between the boxes of one statement: `$\boxed{1}$ and $y = \boxed{2}$`. */
const JOINER = /[,;&]|\\\\|\\q?quad|\b(?:and|or)\b/;
const SEPARATORS = /\\\\|\$|\\[()[\]]|\\q?quad|\\text|[{}\s&,;]|\b(?:and|or)\b/g;

function areJoined(text: string, a: Box, b: Box): boolean {
  if (b.start - a.end > 60) return false;
  const between = text.slice(a.end, b.start);
  if (between.trim() !== '')
    return JOINER.test(between) && /^(?:[a-zA-Z]\w{0,8}=)?$/.test(between.replace(SEPARATORS, ''));
  // side by side in one display
  return /^ ?[.,]? ?(?:\$|\\[\])])/.test(text.slice(b.end, b.end + 6)) && isInsideFormula(text, a.start);
}

function isInsideFormula(text: string, at: number): boolean {
  const before = text.slice(Math.max(0, at - 60), at);
  const opened = Math.max(before.lastIndexOf('$'), before.lastIndexOf('\\['), before.lastIndexOf('\\('));
  return opened >= 0 && !before.includes('\n\n', opened);
}

function answerList(chain: readonly Box[]): Found | null {
  const [first, last] = [chain[0], chain.at(-1)];
  if (!first || !last) return null;
  const contents = [...new Set(chain.map(({ content }) => content.text))];
  const all = contents.join(', ');
  if (all.length > MAX_ANSWER) return last.content;
  // one value in two notations: 15 39/40, or 639/40
  if (contents.every((text) => equivalent(text, last.content.text))) return last.content;
  return { start: first.start, end: last.end, text: all };
}
