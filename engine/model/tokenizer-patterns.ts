/**
 * Detects dangerous patterns in `tokenizer.json`: they come from strangers and run on every text, so those that may
 * backtrack excessively are recognized by their syntax. Pure.
 */

/** Maximum pattern length, and maximum number of unbounded repetitions in a row: GPT-4o's patterns have two. */
const [MAX_PATTERN_LENGTH, MAX_CONSECUTIVE_REPETITIONS] = [10_000, 3];

/** Properties of a group, as far as it has been read. */
interface Group {
  /** Unbounded repetitions in the current alternative, and the maximum of the previous ones. */
  endless: number;
  most: number;
  alternatives: boolean;
  /** Parts that are optional or of variable length. */
  optional: number;
  ranges: boolean;
}

const group = (): Group => ({ endless: 0, most: 0, alternatives: false, optional: 0, ranges: false });

/** All patterns of a tokenizer. */
export function patternsIn(value: unknown): string[] {
  return objectsIn(value).flatMap(({ Regex: pattern }) => (typeof pattern === 'string' ? pattern : []));
}

/** Whether a step splits a text into pieces of an invalid length, which would never finish. */
export function splitsForever(value: unknown): boolean {
  return objectsIn(value).some(
    ({ type, length }) => type === 'FixedLength' && !(Number.isInteger(length) && (length as number) > 0),
  );
}

/** Patterns like GPT-2's keep the length of a text; no known model more than doubles it. */
const MAX_GROWTH = 64;

/**
 * Whether the replacements of a normalizer or decoder together may make a text more than 64 times as long: forty that
 * each double it would exhaust memory.
 */
export function growsUnboundedly(value: unknown): boolean {
  let growth = 1;
  for (const { type, pattern, content } of objectsIn(value)) {
    if (type !== 'Replace' || typeof content !== 'string') continue;
    const { String: text } = (pattern ?? {}) as { String?: unknown };
    // a pattern may match one character, plus an empty string next to it
    const replaced = typeof text === 'string' && text.length > 0 ? text.length : 1;
    growth *= Math.max(1, content.length / replaced);
    if (growth > MAX_GROWTH) return true;
  }
  return false;
}

function objectsIn(value: unknown): Record<string, unknown>[] {
  const found: Record<string, unknown>[] = [];
  const queue: unknown[] = [value];
  while (queue.length > 0) {
    const one = queue.pop();
    if (typeof one !== 'object' || one === null) continue;
    if (!Array.isArray(one)) found.push(one as Record<string, unknown>);
    for (const inner of Object.values(one)) queue.push(inner);
  }
  return found;
}

/**
 * Whether a pattern has an unbounded repetition of something that can match one text in several ways, such as `(a+)+`,
 * `(a|aa)*` or `(a{1,2})+`, or many repetitions in a row: on some texts, matching would never finish.
 */
export function mayNotTerminate(source: string): boolean {
  if (source.length > MAX_PATTERN_LENGTH) return true;
  const open: Group[] = [group()];
  for (let at = 0; at < source.length; ) {
    const now = open.at(-1)!;
    const begin = source[at] === '(' ? /^\((?:\?(?:<?[=!>]|[a-z-]*:|<\w*>))?/.exec(source.slice(at, at + 40)) : null;
    if (begin) {
      open.push(group());
      at += begin[0].length;
      continue;
    }
    if (source[at] === '|') {
      now.alternatives = true;
      now.most = Math.max(now.most, now.endless);
      now.endless = 0;
      at++;
      continue;
    }
    const closed = source[at] === ')' && open.length > 1 ? open.pop()! : null;
    at = partEnd(source, at);
    const repeated = repetitionAt(source, at);
    at += repeated.length;
    if (closed) closed.most = Math.max(closed.most, closed.endless);
    if (closed && repeated.endless && isAmbiguous(closed)) return true;
    const outer = open.at(-1)!;
    outer.endless += (closed?.most ?? 0) + Number(repeated.endless);
    outer.optional += (closed?.optional ?? 0) + Number(repeated.optional);
    outer.ranges ||= (closed?.ranges ?? false) || repeated.ranges;
    outer.alternatives ||= closed?.alternatives ?? false;
    if (outer.endless > MAX_CONSECUTIVE_REPETITIONS) return true;
  }
  return false;
}

/** The end of the character, escape or class at a position. */
function partEnd(source: string, start: number): number {
  if (source[start] === '\\') return start + 2;
  if (source[start] !== '[') return start + 1;
  let at = start + (source[start + 1] === '^' ? 2 : 1);
  for (let first = true; at < source.length && (first || source[at] !== ']'); first = false) {
    const named = source.startsWith('[:', at) ? source.indexOf(':]', at) : -1;
    at = named >= 0 ? named + 2 : at + (source[at] === '\\' ? 2 : 1);
  }
  return at + 1;
}

function isAmbiguous({ most, alternatives, optional, ranges }: Group): boolean {
  return most > 0 || alternatives || ranges || optional > 1;
}

/** The repetition after a part of a pattern, including lazy and possessive ones. */
function repetitionAt(source: string, at: number) {
  const [all = '', sign, least, comma, most] =
    /^(?:([*+?])|\{(\d{1,9})(?:(,)(\d{0,9}))?\})[?+]?/.exec(source.slice(at, at + 40)) ?? [];
  const endless = sign === '*' || sign === '+' || (comma === ',' && most === '');
  return {
    length: all.length,
    endless,
    optional: sign === '?',
    ranges: comma === ',' && most !== '' && most !== least,
  };
}
