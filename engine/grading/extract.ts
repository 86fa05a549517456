/** Finds the final answer in a response, and the value in a label. */

type ExtractionMode = 'strict' | 'lenient';

/** Longest text of an answer; what is longer is no answer. */
const MAX_ANSWER = 1000;

/**
 * The final answer as it was written, without its marks; null when there is none. In this order: the last balanced
 * `\boxed{...}`; the last `#### x`; the last `final answer is x` or `answer is x`. `lenient` (evaluation by eye, never
 * votes or rewards) adds the last number. Linear in the length of the text.
 */
export function extractAnswer(text: string, mode: ExtractionMode): string | null {
  const answer = lastBoxed(text) ?? lastHashes(text) ?? lastStatement(text);
  if (answer !== null || mode === 'strict') return answer;
  return lastNumber(text);
}

/**
 * What a label column means: the answer in a solution with `#### x`, `\boxed{x}`, `the answer is x` or a last line
 * `A: x`, or else the bare value itself. null for empty text.
 */
export function referenceAnswer(text: string): string | null {
  const marked = lastBoxed(text) ?? lastHashes(text);
  if (marked !== null) return marked;
  const bare = text.trim();
  if (bare === '') return null;
  const line = /(?:^|\n)\s*A(?:nswer)?:\s*([^\n]+?)\s*$/.exec(bare);
  if (line) return line[1]!;
  return lastStatement(bare) ?? bare;
}

/** What is left of a placeholder: an empty box, `\text{}`, `...`, `?`, `____`. */
const MARKUP = /\\(?:textbf|text|mathrm|mathbf|mbox|underline|boxed|fbox|[lc]?dots|quad|[,;:!_ ])|[\s{}$*?._…-]/g;

/** An answer without the space around it; null for one that is too long or says nothing. */
function usable(answer: string): string | null {
  const trimmed = answer.trim();
  return trimmed.length > MAX_ANSWER || trimmed.replace(MARKUP, '') === '' ? null : trimmed;
}

const BOX = /\\(?:boxed|fbox)\s*$/;

/** Content of the last `\boxed{...}` to close that holds something, or of a later `\boxed 5`. One pass over the text. */
function lastBoxed(text: string): string | null {
  let last: { end: number; answer: string } | null = null;
  const open: { at: number; box: boolean }[] = [];
  if (!/\\(?:boxed|fbox)/.test(text)) return null;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === '\\') i++;
    else if (c === '{') open.push({ at: i, box: BOX.test(text.slice(Math.max(0, i - 12), i)) });
    else if (c === '}') {
      const group = open.pop();
      const answer = group?.box ? usable(text.slice(group.at + 1, i)) : null;
      if (answer !== null) last = { end: i, answer };
    }
  }
  for (const bare of text.slice(last?.end ?? 0).matchAll(/\\boxed\s*\$?(-?\d[\d.,]*(?<=\d)|[A-Za-z](?![A-Za-z]))/g)) {
    last = { end: text.length, answer: bare[1]! };
  }
  return last?.answer ?? null;
}

/** Headings such as `#### Step 2` are no answers. */
const HEADING =
  /^(?:\*\*)?(?:step|part|case|solution|explanation|example|problem|question|note|conclusion|summary|approach|method|calculation|verification|check)\b/i;

/** Rest of the line after the last `####` that is followed by something on its line. */
function lastHashes(text: string): string | null {
  for (let end = text.length; end > 0; ) {
    const at = text.lastIndexOf('####', end - 1);
    if (at < 0) return null;
    end = at;
    // a longer run of hashes is no mark
    if (text[at - 1] === '#') {
      while (text[end - 1] === '#') end--;
      continue;
    }
    const newline = text.indexOf('\n', at);
    const line = text.slice(at + 4, newline < 0 ? text.length : newline).trim();
    const value = line.replace(/^(?:\*\*)?(?:the\s+)?(?:final\s+)?answer(?:\s+is)?\s*:?\s*(?:\*\*)?\s*/i, '');
    if (HEADING.test(value) || /^#/.test(value) || /[^\d]:$/.test(value)) continue;
    const answer = usable(value.replace(/\s*<\|[^|]*\|>\s*$/, ''));
    if (answer !== null) return answer;
  }
  return null;
}

const STATEMENT =
  /\banswer(?:\s*\*\*)?\s*(?:is|:|=)(?:\s*\*\*)?\s*(?:therefore|thus|simply|just|now|then)?\s*[:=]?\s*/gi;

/** What follows the last `answer is`, up to the end of its sentence. */
function lastStatement(text: string): string | null {
  let last: string | null = null;
  for (const match of text.matchAll(STATEMENT)) {
    const start = match.index + match[0].length;
    last = usable(sentence(text.slice(start, start + MAX_ANSWER + 200))) ?? last;
  }
  return last;
}

const DELIMITED = [
  /^\$\$([^$]+)\$\$/,
  /^\$([^$\n]+)\$(?![\d])/,
  /^\\\(((?:(?!\\\)).)*)\\\)/s,
  /^\\\[((?:(?!\\\]).)*)\\\]/s,
  /^\*\*([^*\n]+)\*\*/,
];

function sentence(rest: string): string {
  for (const pattern of DELIMITED) {
    const found = pattern.exec(rest);
    // `$5 and $6` is money, not mathematics
    if (found && !/\s(?:and|or|per|for|in|to)\s*$/.test(found[1]!)) {
      const behind = rest.slice(found[0].length);
      const more = /^\s*(?:,|and|or)\s*\$/.test(behind) || /^(?:[^.\n]*\$)/.test(behind.slice(0, 30));
      if (!more) return found[1]!;
    }
  }
  const line = /^[^\n]*/.exec(rest)![0];
  const end = /(?:[.!?](?=\s|$)|[.](?=[*"')\]]*(?:\s|$))|<\|| because | since | which | as shown |, so )/.exec(line);
  return (end ? line.slice(0, end.index) : line).replace(/^\*+|\*+$|^"|"$/g, '');
}

const NUMBER = /-?(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?(?:\/\d+)?%?|-?\.\d+%?/g;

/** How far back from the end a last number is looked for. */
const TAIL = 4000;

function lastNumber(whole: string): string | null {
  const text = whole.slice(-TAIL);
  let last: string | null = null;
  for (const match of text.matchAll(NUMBER)) {
    // a hyphen between a word or number and a number is no sign
    const glued = match[0].startsWith('-') && /[\w)]/.test(text[match.index - 1] ?? '');
    last = glued ? match[0].slice(1) : match[0];
  }
  return last;
}
