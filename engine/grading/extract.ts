/** Finds the final answer in a response, its place, and the value in a label. */

type ExtractionMode = 'strict' | 'lenient';

/** Longest text of an answer; anything longer is not an answer. */
const MAX_ANSWER = 1000;

/** A piece of a text: offsets in UTF-16 code units, `end` exclusive. */
interface Span {
  start: number;
  end: number;
}

/**
 * The final answer as it was written, without its marks; null when there is none. In this order: the last balanced
 * `\boxed{...}`; the last `#### x`; the last `final answer is x` or `answer is x`. `lenient` (evaluation by eye, never
 * votes or rewards) adds the last number, or the formula that it is part of. Linear in the length of the text.
 */
export function extractAnswer(text: string, mode: ExtractionMode): string | null {
  return written(text, locateAnswer(text, mode));
}

/**
 * Where the final answer stands: `text.slice(start, end)` is what `extractAnswer` returns for the same text and mode.
 * Offsets in UTF-16 code units, `end` exclusive, never an empty piece; null when there is no answer.
 */
export function locateAnswer(text: string, mode: ExtractionMode): Span | null {
  const found = lastBoxed(text) ?? lastHashes(text) ?? lastStatement(text);
  return found ?? (mode === 'lenient' ? lastNumber(text) : null);
}

function written(text: string, span: Span | null): string | null {
  return span && text.slice(span.start, span.end);
}

/**
 * What a label column means: the answer in a solution with `#### x`, `\boxed{x}`, `the answer is x` or a last line
 * `A: x`, or else the bare value itself. null for empty text.
 */
export function referenceAnswer(text: string): string | null {
  const marked = written(text, lastBoxed(text) ?? lastHashes(text));
  if (marked !== null) return marked;
  const bare = text.trim();
  if (bare === '') return null;
  const line = /(?:^|\n)\s*A(?:nswer)?:\s*([^\n]+?)\s*$/.exec(bare);
  if (line) return line[1]!;
  return written(bare, lastStatement(bare)) ?? bare;
}

/** What is left of a placeholder: an empty box, `\text{}`, `...`, `?`, `____`. */
const MARKUP = /\\(?:textbf|text|mathrm|mathbf|mbox|underline|boxed|fbox|[lc]?dots|quad|[,;:!_ ])|[\s{}$*?._…-]/g;

/** A piece of the text without the space around it; null for one that is too long or says nothing. */
function usable(text: string, start: number, end: number): Span | null {
  const piece = text.slice(start, end);
  const trimmed = piece.trim();
  if (trimmed.length > MAX_ANSWER || trimmed.replace(MARKUP, '') === '') return null;
  const from = start + piece.length - piece.trimStart().length;
  return { start: from, end: from + trimmed.length };
}

const BOX = /\\(?:boxed|fbox)\s*$/;

/** Content of the last `\boxed{...}` to close that holds something, or of a later `\boxed 5`. One pass over the text. */
function lastBoxed(text: string): Span | null {
  let last: Span | null = null;
  const open: { at: number; box: boolean }[] = [];
  if (!/\\(?:boxed|fbox)/.test(text)) return null;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === '\\') i++;
    else if (c === '{') open.push({ at: i, box: BOX.test(text.slice(Math.max(0, i - 12), i)) });
    else if (c === '}') {
      const group = open.pop();
      if (group?.box) last = usable(text, group.at + 1, i) ?? last;
    }
  }
  const from = last?.end ?? 0;
  for (const bare of text.slice(from).matchAll(/\\boxed\s*\$?(-?\d[\d.,]*(?<=\d)|[A-Za-z](?![A-Za-z]))/g)) {
    const end = from + bare.index + bare[0].length;
    last = { start: end - bare[1]!.length, end };
  }
  return last;
}

/** Headings such as `#### Step 2` are not answers. */
const HEADING =
  /^(?:\*\*)?(?:step|part|case|solution|explanation|example|problem|question|note|conclusion|summary|approach|method|calculation|verification|check)\b/i;

/** What may stand between the hashes and the answer. */
const LEAD = /^\s*(?:(?:\*\*)?(?:the\s+)?(?:final\s+)?answer(?:\s+is)?\s*:?\s*(?:\*\*)?\s*)?/i;

/** Rest of the line after the last `####` that is followed by something on its line. */
function lastHashes(text: string): Span | null {
  for (let end = text.length; end > 0; ) {
    const at = text.lastIndexOf('####', end - 1);
    if (at < 0) return null;
    end = at;
    // a longer run of hashes is not a mark
    if (text[at - 1] === '#') {
      while (text[end - 1] === '#') end--;
      continue;
    }
    const newline = text.indexOf('\n', at);
    const line = text.slice(at + 4, newline < 0 ? text.length : newline).trimEnd();
    const value = line.replace(LEAD, '');
    if (HEADING.test(value) || /^#/.test(value) || /[^\d]:$/.test(value)) continue;
    const start = at + 4 + line.length - value.length;
    const found = usable(text, start, start + value.replace(/\s*<\|[^|]*\|>\s*$/, '').length);
    if (found) return found;
  }
  return null;
}

const STATEMENT =
  /\banswer(?:\s*\*\*)?\s*(?:is|:|=)(?:\s*\*\*)?\s*(?:therefore|thus|simply|just|now|then)?\s*[:=]?\s*/gi;

/** What follows the last `answer is`, up to the end of its sentence. */
function lastStatement(text: string): Span | null {
  let last: Span | null = null;
  for (const match of text.matchAll(STATEMENT)) {
    const from = match.index + match[0].length;
    const { start, end } = sentence(text.slice(from, from + MAX_ANSWER + 200));
    last = usable(text, from + start, from + end) ?? last;
  }
  return last;
}

/** `The largest n is` in `Final answer: The largest n is 34.` */
const SUBJECT = /^(?:the|there) (?:[^\s]+ )*(?:is|are|was|were|equals|has) (?=\S)/i;

const DELIMITED = [
  /^\$\$([^$]+)\$\$/,
  /^\$([^$\n]+)\$(?![\d])/,
  /^\\\(((?:(?!\\\)).)*)\\\)/s,
  /^\\\[((?:(?!\\\]).)*)\\\]/s,
  /^\*\*([^*\n]+)\*\*/,
];

/** Where in `rest` the answer of the sentence that it begins with stands: in its delimiters, or up to the end. */
function sentence(rest: string): Span {
  for (const pattern of DELIMITED) {
    const found = pattern.exec(rest);
    // `$5 and $6` is money, not mathematics
    if (found && !/\s(?:and|or|per|for|in|to)\s*$/.test(found[1]!)) {
      const behind = rest.slice(found[0].length);
      const more = /^\s*(?:,|and|or)\s*\$/.test(behind) || /^(?:[^.\n]*\$)/.test(behind.slice(0, 30));
      const start = found[0].indexOf(found[1]!);
      if (!more) return { start, end: start + found[1]!.length };
    }
  }
  const line = /^[^\n]*/.exec(rest)![0];
  const end = /(?:[.!?](?=\s|$)|[.](?=[*"')\]]*(?:\s|$))|<\|| because | since | which | as shown |, so )/.exec(line);
  const piece = end ? line.slice(0, end.index) : line;
  const subject = SUBJECT.exec(piece)?.[0].length;
  if (subject) {
    const { start, end: until } = sentence(rest.slice(subject));
    return { start: subject + start, end: subject + until };
  }
  const start = /^(?:\*+|")?/.exec(piece)![0].length;
  const inner = piece.slice(start).replace(/(?:\*+|")$/, '');
  return { start, end: start + inner.length };
}

const NUMBER = /-?(?:\d{1,3}(?:,\d{3})+(?!\d)|(?<![\d,])\d+,\d\d(?![\d,])|\d+)(?:\.\d+)?(?:\/\d+)?%?|-?\.\d+%?/g;

/** How far back from the end a last number is looked for. */
const TAIL = 4000;

function lastNumber(whole: string): Span | null {
  const text = whole.slice(-TAIL);
  const before = whole.length - text.length;
  let last: Span | null = null;
  for (const match of text.matchAll(NUMBER)) {
    // a hyphen between a word or number and a number is not a sign
    const glued = match[0].startsWith('-') && /[\w)]/.test(text[match.index - 1] ?? '');
    last = { start: glued ? match.index + 1 : match.index, end: match.index + match[0].length };
  }
  const found = last && (formulaAround(text, last) ?? usable(text, last.start, last.end));
  return found && { start: before + found.start, end: before + found.end };
}

/** Formulas in their marks, and fractions and roots without. */
const FORMULA =
  /\$\$([^$]+)\$\$|\\\[((?:(?!\\\]).)+)\\\]|\\\(((?:(?!\\\)).)+)\\\)|\$([^$\n]+)\$|(-?\\[dtc]?frac\s*\{[^{}]*\}\s*\{[^{}]*\}|-?[\d.]*\\sqrt\s*\{[^{}]*\})/gs;

/** The formula in which `number` stands; null where it stands in prose (or between sums of money), or is all after `=`. */
function formulaAround(text: string, number: Span): Span | null {
  for (const match of text.matchAll(FORMULA)) {
    const content = match.slice(1).find((group) => group !== undefined)!;
    const from = match.index + match[0].indexOf(content);
    if (from + content.length < number.end) continue;
    if (from > number.start) return null;
    const plain = content.replace(/\\(?:text|begin|end)\s*\{[^{}]*\}(?:\{[lcr|]+\})?|\\[a-zA-Z]+/g, ' ');
    const alone =
      /(?:^|(?<![<>!])=)\s*$/.test(text.slice(from, number.start)) &&
      !text.slice(number.end, from + content.length).trim();
    return alone || /[A-Za-z]{2}/.test(plain) ? null : usable(text, from, from + content.length);
  }
  return null;
}
