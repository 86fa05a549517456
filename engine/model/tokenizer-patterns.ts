/**
 * Patterns in `tokenizer.json`, which are a stranger's and run on every text: those whose work may grow beyond all bounds are
 * told by how they are written. Pure.
 */

/** Longest pattern that is looked at, and most repetitions without end in a row: those of GPT-4o have two. */
const [LONGEST_PATTERN, MOST_IN_A_ROW] = [10_000, 3];

/** What a group says so far. */
interface Group {
  /** Repetitions without end of the alternative that is being read, and the most of those before it. */
  endless: number;
  most: number;
  alternatives: boolean;
  /** Parts that may be there or not, or be of several lengths. */
  optional: number;
  ranges: boolean;
}

const group = (): Group => ({ endless: 0, most: 0, alternatives: false, optional: 0, ranges: false });

/** The patterns of a tokenizer, wherever they are. */
export function patternsIn(value: unknown): string[] {
  return objectsIn(value).flatMap(({ Regex: pattern }) => (typeof pattern === 'string' ? pattern : []));
}

/** Whether a step cuts a text into pieces of a length that gets nowhere. */
export function cutsForEver(value: unknown): boolean {
  return objectsIn(value).some(
    ({ type, length }) => type === 'FixedLength' && !(Number.isInteger(length) && (length as number) > 0),
  );
}

/** The patterns of GPT-2's kind leave a text as long as it is; of known models, none makes it twice as long. */
const MOST_GROWTH = 64;

/**
 * Whether the replacements of a normalizer or a decoder, one after the other, may make a text more than 64 times as long:
 * forty that double it fill all memory.
 */
export function growsWithoutEnd(value: unknown): boolean {
  let growth = 1;
  for (const { type, pattern, content } of objectsIn(value)) {
    if (type !== 'Replace' || typeof content !== 'string') continue;
    const { String: text } = (pattern ?? {}) as { String?: unknown };
    // a pattern may match one character, and nothing at all next to it
    const replaced = typeof text === 'string' && text.length > 0 ? text.length : 1;
    growth *= Math.max(1, content.length / replaced);
    if (growth > MOST_GROWTH) return true;
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
 * Whether a pattern repeats without end what itself may match one text in several ways, such as `(a+)+`, `(a|aa)*` or
 * `(a{1,2})+`, or has many repetitions in a row: on some text it would never finish.
 */
export function mayNeverEnd(source: string): boolean {
  if (source.length > LONGEST_PATTERN) return true;
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
    if (outer.endless > MOST_IN_A_ROW) return true;
  }
  return false;
}

/** Where a character, an escape or a class ends that begins at a place. */
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

/** The repetition behind a part of a pattern, lazy and possessive ones too. */
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
