/** Finds the answer by a rule that the user chose. */
import { type AnswerRule, answerRuleError, parseAnswerRule } from '../protocol/answer-rule.ts';
import { RollscopeError } from '../protocol/errors.ts';
import { lastBoxed } from './boxes.ts';
import { automatic, WINDOW } from './extract.ts';
import { lastNumber } from './last-number.ts';
import { withStepLimit } from './meter.ts';
import { BadPattern, compilePattern } from './pattern.ts';
import { type Found, trimmedSpan } from './span.ts';
import { lastHashes } from './statement.ts';
import { lastTag } from './tags.ts';
import { answerPart } from './thought.ts';

/** Finds the answer in a response; null if there is none. */
export type Finder = (text: string) => Found | null;

/** Step budget of a pattern for one response; beyond it, the pattern finds nothing. */
const PATTERN_STEPS = 500_000;
/** How far from the end a pattern searches, in characters. */
const PATTERN_WINDOW = 20_000;

/** Throws RollscopeError `config` for an invalid rule or pattern. */
export function finderOf(rule: string): Finder {
  const parsed = parseAnswerRule(rule);
  if (!parsed) {
    const { message, hint } = answerRuleError(rule)!;
    throw new RollscopeError('config', `--answer: ${message}.`, hint, { details: { ...REFUSED, value: rule } });
  }
  const find = onAnswerPart(parsed, rule);
  return (text) => {
    const part = answerPart(text);
    if (!part) return null;
    const start = Math.max(part.start, part.end - WINDOW);
    const found = find(text.slice(start, part.end));
    return found && { ...found, start: found.start + start, end: found.end + start };
  };
}

const REFUSED = { reason: 'bad-answer-rule', field: '--answer' };

function badRule(rule: string, why: string): RollscopeError {
  return new RollscopeError(
    'config',
    `--answer ${rule}: ${why}.`,
    'The first group is the answer, as in regex:is ([^.]+). Look-around of more than one character and back-references are not supported.',
    { details: { ...REFUSED, value: rule } },
  );
}

/** Applies the rule to the spoken part of a response. */
function onAnswerPart(rule: AnswerRule, text: string): Finder {
  switch (rule.kind) {
    case 'auto':
      return automatic;
    case 'boxed':
      return (said) => withoutCut(lastBoxed(said));
    case 'hash':
      return lastHashes;
    case 'tag':
      return (said) => withoutCut(lastTag(said, rule.name.toLowerCase()));
    case 'choice':
      return (said) => lastChoice(said, rule.letters);
    case 'last-number':
      return lastNumber;
    case 'last-line':
      return (said) => trimmedSpan(said, said.trimEnd().lastIndexOf('\n') + 1, said.length);
    case 'last-sentence':
      return lastSentence;
    case 'whole':
      return (said) => trimmedSpan(said, 0, said.length);
    case 'regex':
      return patternFinder(rule.pattern, text);
  }
}

function withoutCut(found: Found | 'cut' | null): Found | null {
  return found === 'cut' ? null : found;
}

function patternFinder(source: string, rule: string): Finder {
  try {
    const pattern = compilePattern(source);
    return (said) => {
      const start = Math.max(0, said.length - PATTERN_WINDOW);
      const found = withStepLimit(
        PATTERN_STEPS,
        () => pattern.last(said.slice(start)),
        () => null,
      );
      return found && trimmedSpan(said, found.start + start, found.end + start);
    };
  } catch (error) {
    if (error instanceof BadPattern) throw badRule(rule, `cannot be read: ${error.message}`);
    throw error;
  }
}

/** A letter in a box or after a cue; otherwise the last standalone letter. */
function lastChoice(said: string, letters: string): Found | null {
  const alone = new RegExp(`(?<![A-Za-z0-9_'’-])[(\\[]?([${letters}])(?![A-Za-z0-9_'’])`, 'g');
  const marked = automatic(said);
  if (marked) {
    const [inside] = said.slice(marked.start, marked.end).matchAll(alone);
    const at = inside && marked.start + inside.index + inside[0].length - 1;
    if (at !== undefined) return { start: at, end: at + 1, text: said[at]! };
  }
  return lastMatch(said, alone) ?? lastMatch(said, new RegExp(`\\(([${letters.toLowerCase()}])\\)`, 'g'));
}

/** Lower-case letters count only in parentheses. */
function lastMatch(said: string, alone: RegExp): Found | null {
  let last: Found | null = null;
  for (const found of said.matchAll(alone)) {
    const at = found.index + found[0].indexOf(found[1]!);
    // `A` and `I` begin sentences
    if (/^[AI]$/.test(found[0]) && /^ [a-z]/.test(said.slice(at + 1, at + 3))) continue;
    last = { start: at, end: at + 1, text: said[at]! };
  }
  return last;
}

/** Abbreviations that end with a period within a sentence: titles, initials and the like. */
const ABBREVIATED = /(?:^|[\s("])(?:Dr|Mr|Mrs|Ms|Prof|St|Mt|Jr|Sr|No|vs|approx|ca|e\.g|i\.e|[A-Z](?:\.[A-Z])*)$/;

/** The last sentence without its period. */
function lastSentence(said: string): Found | null {
  const end = said.trimEnd().replace(/[.!?]{1,3}$/, '').length;
  let start = 0;
  for (const { index, 0: mark } of said.slice(0, end).matchAll(/[.!?] |\n/g)) {
    if (mark !== '. ' || !ABBREVIATED.test(said.slice(Math.max(0, index - 8), index))) start = index + 1;
  }
  return trimmedSpan(said, start, end);
}
