/** Answers introduced by words: `the answer is x`, `#### x`, a heading "Final answer". */
import { isHypothetical, isStatementDenied } from './denial.ts';
import { END_TOKEN, type Found, isSpace, MAX_ANSWER, type Span, trimmedSpan } from './span.ts';
import { ANSWER_TAG } from './tags.ts';
import { lastValueFirst } from './value-first.ts';

/** Headings such as `#### Step 2` are not answers. */
const HEADING =
  /^(?:\*\*)?(?:step|part|case|solution|explanation|example|problem|question|note|conclusion|summary|approach|method|calculation|verification|check)\b/i;

/** `#### 1. Understand the problem` */
const NUMBERED = /^\(?\d{1,2}[.)]\s+(?:\*\*)?\p{Lu}\p{Ll}/u;
/** Plain words, which are a heading if an answer is stated below them. */
const TITLE_WORDS = /^(?:\*\*)?\p{L}[\p{L}'-]* [\p{L} ,'&:-]{1,80}(?:\*\*)?$/u;

/** What may be between the hashes and the answer. */
const LEAD = /^\s*(?:(?:\*\*)?(?:the\s+)?(?:final\s+)?answer(?:\s+is)?\s*:?\s*(?:\*\*)?\s*)?/i;

/** Maximum number of marks of a kind that are tried, from the end. */
const MAX_HASHES = 100;

/** The rest of the line after the last `####` that has text on its line. */
export function lastHashes(text: string): Found | null {
  let tries = 0;
  let stated: Found | null | undefined;
  for (let end = text.length; end > 0 && tries < MAX_HASHES; tries++) {
    const at = text.lastIndexOf('####', end - 1);
    if (at < 0) return null;
    end = at;
    // a longer run of hashes is not a mark
    if (text[at - 1] === '#') {
      while (text[end - 1] === '#') end--;
      continue;
    }
    const newline = text.indexOf('\n', at);
    const line = text.slice(at + 4, newline < 0 ? text.length : newline);
    const value = line.slice(LEAD.exec(line)![0].length);
    if (HEADING.test(value) || NUMBERED.test(value) || /^#/.test(value) || /[^\d\s]:\s*$/.test(value.slice(-20)))
      continue;
    if (TITLE_WORDS.test(value.trim())) {
      stated ??= lastStatement(text);
      if (stated && stated.start > at + 4 + line.length) continue;
    }
    const token = END_TOKEN.exec(value);
    const start = at + 4 + line.length - value.length;
    const subject = subjectOf(value);
    const found = trimmedSpan(text, start + subject, start + (token ? token.index : value.length));
    if (found) return found;
  }
  return null;
}

const BE =
  '(?:is|was) (?:(?:then|thus) )?(?:found|calculated|determined|computed|known|estimated) to be|is|was|are|equals|becomes|:|[=-]>|[\u2192\u21d2]|=|(?:should|would|must|will|could|can|may|might|has to|have to|ought to)\\s(?:(?!not\\s)\\w{2,12}\\s)?be|(?:turns|comes|works) out to be|[\\x27\\u2019]s(?= [-+$\\\\*\\d(])|comes? (?:out )?to|is going to be';
/** What the question asks for, and words in between: `the answer (in cm), then, is`. */
const OF =
  '(?: (?:to|for|of|in|we|that we|that I) (?:(?!answer)[^.:=\\n]){1,80}?)?(?: ?\\([^()\\n]{1,40}\\))?(?:, [^,.:=\\n]{1,40},)?(?:\\s*(?:\\*{1,2}|_{1,2}))?';
const CUE = new RegExp(
  `(?<![^\\W_])(?:answers?|ans)(?: choice| option)?${OF}\\s*(?:${BE})(?![a-z])` +
    `|\\b(?:correct|right|best|selected|chosen) (?:choice|option)(?:\\s*\\*\\*)?\\s*(?:${BE})(?![a-z])` +
    `|\\bfinal (?:result|solution|value)${OF}\\s*(?:${BE})(?![a-z])` +
    '|\\b(?:final )?answer(?:\\*\\*)? ?[-\\u2013\\u2014] |\\bans\\. ',
  'gi',
);
/** Cues that count only at the beginning of a line: `Answer - 12`, `Ans. 12`. */
const ON_A_LINE = /(?:[-\u2013\u2014] |\. )$/;
const LINE_BEFORE = /(?:^|\n)[^\p{L}\p{N}\n]{0,8}$/u;
/** What may be between the cue and the answer. */
const FILLER =
  /^\s*(?:\}\s*)?(?:(?:\*\*|__|[*_](?=\s))\s*)?(?:(?:therefore|thus|simply|just|now|then|hence|indeed|clearly|actually|really|definitely|obviously|still)\b,?\s*)?(?:[:=]\s*)?(?:```[a-z]{0,10}[ \t]{0,9}\n\s*|>\s)?/i;
/** `**Final Answer**`, `Answer:` on a line of its own. */
const TITLE =
  /^[^\p{L}\p{N}$\\|"'<({[`\n]{0,12}(?:the )?(?:(?:(?:final|correct) )?answers?|final (?:result|solution))(?: ?\([^()]{1,30}\))?[ \t]?:?(?:\*\*|__)?:?[ \t]{0,3}$/iu;
/** Layout between a title and its answer: a rule, a list marker, a quotation mark, the beginning of a code block. */
const LAYOUT = /^(?:(?:[-=]{3,}|```[a-z]{0,10})[ \t]{0,9}\n\s{0,9}|[-*+\u2022>] {1,2}(?=\S))/;
/** `"answer": 5` or `"final_answer": "5"`, as models that are asked for JSON write it. */
const MEMBER =
  /(["'])(?:final[_ ]?|correct[_ ]?)?answer\1\s{0,9}:\s{0,9}(?:"((?:[^"\\\n]|\\.){0,500})"|'((?:[^'\\\n]|\\.){0,500})'|(-?\d[\d.eE+-]{0,40}|true|false))/gi;
/** Maximum length of a line that can be a title, in characters. */
const MAX_TITLE_LENGTH = 60;

/** The start of the text after each title. */
function* titleEnds(text: string): Generator<number> {
  for (let start = 0, end = text.indexOf('\n'); end >= 0; start = end + 1, end = text.indexOf('\n', start)) {
    if (end - start > MAX_TITLE_LENGTH || !TITLE.test(text.slice(start, end))) continue;
    while (end < text.length && isSpace(text.charCodeAt(end))) end++;
    // a list marker is not a minus sign
    const line = LAYOUT.exec(text.slice(end, end + 90))?.[0].length ?? 0;
    yield end + line + (LAYOUT.exec(text.slice(end + line, end + line + 4))?.[0].length ?? 0);
    end--;
  }
}
/** `The answer is not 5`, `the answer is correct`, `the answer is given in the form a/b`. */
const NO_ANSWER =
  /^(?:(?:[a-z]{2,12}ly )?(?:not|n't|never)|correct|incorrect|within|in (?:the|a|an|this|terms|simplest|\\boxed)|given (?:in|by|as|below)|found|obtained|unique|enclosed|written|expressed|placed|inside|below|above|as follows|unclear|unknown|required|that)\b/i;

/** `The answer should be an integer`, `the answer is a number between 0 and 999`: describes the answer's form. */
const FORMAT =
  /^(?:an?|the|one|your|in|only|exact|positive|negative|rounded|simplified|less|greater|between|divisible)\b/i;
const NUMBER_WITH =
  /^an? (?:[a-z-]{2,14} ){0,3}(?:integer|number|fraction|decimal|value) (?:between|from|in|that|which|less|greater|with)\b/i;

function isFormat(rest: string, cue: string): boolean {
  if (NUMBER_WITH.test(rest)) return true;
  const demanded = /\b(?:should|must|has to|have to|ought to) (?:[a-z]{2,12} )?be[\s*:]*$/i.test(cue);
  // `the answer must be a multiple of 3` describes the form; `the answer must be the 3rd` states an answer
  return (
    demanded && FORMAT.test(rest) && !/^(?:the|an?) [^a-z]/i.test(rest) && !/^[^.!?\n]*\d[.!?]?(?:\s|$)/.test(rest)
  );
}

/** Maximum number of cues that are tried, from the end. */
const MAX_CUES = 40;

/** The text after the last `answer is`, up to the end of its sentence. Questions and denials are not answers. */
export function lastStatement(text: string): Found | null {
  const member = lastJsonAnswer(text);
  const direct = laterAnswer(member, lastValueFirst(text));
  for (const cue of lastCues(text)) {
    if (direct && cue < direct.start) return direct;
    const near = text.slice(cue, cue + MAX_ANSWER + 200);
    const from = cue + FILLER.exec(near)![0].length;
    const rest = text.slice(from, from + MAX_ANSWER + 200);
    if (NO_ANSWER.test(rest) || isFormat(rest, text.slice(Math.max(0, cue - 20), cue))) continue;
    const clause = sentenceSpan(rest);
    if (text[from + clause.end] === '?') continue;
    // the explanation next to it in the JSON
    if (member && /"\s?[,}]/.test(rest.slice(0, clause.end + 3))) continue;
    const found = trimmedSpan(text, from + clause.start, from + clause.end);
    if (found) return found;
  }
  return direct;
}

function laterAnswer(a: Found | null, b: Found | null): Found | null {
  return a && b ? (a.start > b.start ? a : b) : (a ?? b);
}

/** The start of the text after each of the last cues that do not deny it, the last one first. */
function lastCues(text: string): number[] {
  const cues = Array.from(text.matchAll(CUE), (cue) => [cue.index, cue.index + cue[0].length] as const);
  const titles = [...titleEnds(text)];
  const found: number[] = [];
  while (found.length < MAX_CUES && (cues.length > 0 || titles.length > 0)) {
    if ((titles.at(-1) ?? -1) >= (cues.at(-1)?.[1] ?? -1)) found.push(titles.pop()!);
    else {
      const [at, behind] = cues.pop()!;
      if (ON_A_LINE.test(text.slice(at, behind)) && !LINE_BEFORE.test(text.slice(Math.max(0, at - 12), at))) continue;
      if (!isStatementDenied(text, at) && !isHypothetical(text, at)) found.push(behind);
    }
  }
  return found;
}

/** The value of the last `"answer"` in JSON. */
function lastJsonAnswer(text: string): Found | null {
  let found: Found | null = null;
  for (const { index, 0: all, 2: words, 3: quoted, 4: value } of text.matchAll(MEMBER)) {
    const content = words ?? quoted ?? value!;
    const end = index + all.length - (value === undefined ? 1 : 0);
    found = trimmedSpan(text, end - content.length, end) ?? found;
  }
  return found;
}

/** `The largest n is` in `Final answer: The largest n is 34.` */
const SUBJECT = /^(?:the|there) (?:[^\s]+ )*(?:is|are|was|were|equals|has) (?=\S)/i;

function subjectOf(clause: string): number {
  return SUBJECT.exec(clause.slice(0, MAX_ANSWER))?.[0].length ?? 0;
}

/** Pairs of marks around an answer. */
const MARKS = [
  ['$$', '$$'],
  ['$', '$'],
  ['\\(', '\\)'],
  ['\\[', '\\]'],
  ['**', '**'],
] as const;

/** The span of the content of the marks that `rest` begins with; null without marks. */
function delimitedSpan(rest: string): Span | null {
  for (const [open, close] of MARKS) {
    if (!rest.startsWith(open)) continue;
    const end = rest.indexOf(close, open.length);
    const content = end < 0 ? '' : rest.slice(open.length, end);
    if (content === '') return null;
    if (open !== '$$' && open !== '\\(' && open !== '\\[' && content.includes('\n')) return null;
    const behind = rest.slice(end + close.length);
    // `$5 and $6` are amounts of money, not mathematics
    if (open === '$' && (/^\d/.test(behind) || /(?:\s|^)(?:and|or|per|for|in|to)\s*$/.test(content.slice(-12))))
      return null;
    const more = /^\s*(?:,|and|or)\s*\$/.test(behind.slice(0, 40)) || /^[^.\n]*\$/.test(behind.slice(0, 30));
    return more ? null : { start: open.length, end };
  }
  return null;
}

const END = new RegExp(
  '(?<!\\b(?:Rs|approx|ca|sq|cu|St|Dr|Mr|Mrs|Ms|No)|\\b[A-Z][.] [A-Z])[.](?=\\s|$)(?! [A-Z][.] )(?!(?<=\\b[A-Z][.][A-Z][.]) [a-z])|[!?](?=\\s|$)|[.](?=[*"\')\\]]{1,3}(?:\\s|$))|' +
    `${ANSWER_TAG.source}|` +
    ' (?:because|since|as shown|but|which|rather than|instead of|and not|not|, so) |, (?:so|as|since|because|which|where|not|given|assuming|rounded) |' +
    END_TOKEN.source,
);

/** The span of the answer in the sentence that `rest` begins with: within its delimiters, or up to the end. */
function sentenceSpan(rest: string): Span {
  const inMarks = delimitedSpan(rest);
  if (inMarks) return inMarks;
  const newline = rest.indexOf('\n');
  const line = newline < 0 ? rest : rest.slice(0, newline);
  const end = END.exec(line);
  const clause = end ? line.slice(0, end.index) : line;
  const subject = subjectOf(clause);
  if (subject > 0) {
    const { start, end: until } = sentenceSpan(rest.slice(subject));
    return { start: subject + start, end: subject + until };
  }
  const start = /^(?:\*+|")?/.exec(clause)![0].length;
  const until = withoutAside(clause.slice(start));
  return { start, end: start + until };
}

/** The length of a statement without trailing words: `72, in total`, `72 - that is all`, `72 (approximately)`. */
function withoutAside(clause: string): number {
  // `72** clips`: bold that started earlier
  const bold = clause.indexOf('**');
  let text = bold > 0 ? clause.slice(0, bold) : clause;
  if (/^[^\s]*[\d\\]/.test(text) || /\d/.test(text)) {
    for (const aside of text.matchAll(/, | [-–—]{1,3} | \(/g)) {
      const head = text.slice(0, aside.index);
      if (/\d/.test(head) && isProse(text.slice(aside.index + aside[0].length))) {
        text = head;
        break;
      }
    }
  }
  return text.replace(/[*"]{1,3}$/, '').length;
}

/** Whether a text is natural language rather than a value, formula or list. */
function isProse(text: string): boolean {
  if (/[\d\\$=<>^{}|+*/]/.test(text)) return false;
  const words = text.match(/\p{L}+/gu) ?? [];
  if (/^(?:and|or)$/i.test(words[0] ?? '') && words.length < 3) return false;
  return (
    words.some((word) => word.length > 2) && !words.some((word) => /^(?:mod|sin|cos|tan|log|ln|pi|sqrt)$/.test(word))
  );
}
