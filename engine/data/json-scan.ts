/**
 * Locates the elements of a JSON list, even in a document that is broken while it is edited. It has its own scanner, because
 * no library recovers by indentation, and the tokens of jsonc-parser would take two to four times as long.
 */

export interface ObjectSpan {
  /** Offsets of the object's `{` and of the character after its `}`. */
  start: number;
  end: number;
}

/** A list in a document, with its key in the top-level object, or both keys (`data.train`) in a nested object. */
export interface ListPlace {
  name: string | null;
  /** Offset of its `[`. */
  start: number;
}

/**
 * Spans of at most `most` objects in a list: the list that begins at `open`, or else the top-level list, or else the first
 * one in a top-level object (`{"data": [...]}`).
 * Tolerant: a string ends at the end of its line, and an unclosed object ends where the next one begins at the same or a
 * smaller indentation. Linear in the length of the text.
 */
export function scanObjects(
  text: string,
  open = listsIn(text, 1)[0]?.start,
  most = Number.POSITIVE_INFINITY,
): ObjectSpan[] {
  const spans: ObjectSpan[] = [];
  if (open === undefined) return spans;
  let depth = 0;
  let start = -1;
  let indentation = -1;
  for (let i = open + 1; i < text.length && spans.length < most; i++) {
    const c = text[i]!;
    if (c === '"') {
      i = stringEnd(text, i);
    } else if (c === '{') {
      const column = indentationAt(text, i);
      if (start >= 0 && column !== null && indentation >= 0 && column <= indentation) {
        spans.push({ start, end: trimmedEnd(text, start, i) });
        depth = 0;
      }
      if (depth === 0) {
        start = i;
        indentation = column ?? -1;
      }
      depth++;
    } else if (c === '[') {
      if (depth > 0) depth++;
    } else if (c === '}' || c === ']') {
      if (depth === 0) {
        if (c === ']') break;
        continue;
      }
      depth--;
      if (depth === 0) {
        spans.push({ start, end: i + 1 });
        start = -1;
      }
    }
  }
  if (start >= 0 && spans.length < most) spans.push({ start, end: trimmedEnd(text, start, text.length) });
  return spans;
}

/** How many objects may enclose a list: `{"data": {"train": [...]}}`. */
export const MAX_DEPTH = 2;

/** The name of a list in nested objects. */
export const pathName = (names: readonly string[]) => names.join('.');

/**
 * The lists that may contain the problems, at most `most`: the document itself, or else the lists in its top-level object,
 * followed by those in the objects inside it.
 */
export function listsIn(text: string, most = Number.POSITIVE_INFINITY): ListPlace[] {
  const head = /^\uFEFF?\s*/.exec(text)![0].length;
  if (text[head] === '[') return [{ name: null, start: head }];
  const lists: ListPlace[] = [];
  const deeper: ListPlace[] = [];
  if (text[head] !== '{') return lists;
  let depth = 0;
  let inLists = 0;
  const names: string[] = [];
  for (let i = head; i < text.length && lists.length < most; i++) {
    const c = text[i]!;
    if (c === '"') {
      const end = stringEnd(text, i);
      if (inLists === 0 && depth <= MAX_DEPTH) names[depth - 1] = nameIn(text.slice(i, end + 1));
      i = end;
    } else if (c === '[') {
      if (inLists === 0 && depth <= MAX_DEPTH)
        (depth === 1 ? lists : deeper).push({ name: pathName(names.slice(0, depth)), start: i });
      inLists++;
    } else if (c === ']') inLists = Math.max(0, inLists - 1);
    else if (c === '{') depth++;
    else if (c === '}') depth--;
  }
  return [...lists, ...deeper].slice(0, most);
}

function nameIn(source: string): string {
  try {
    return String(JSON.parse(source));
  } catch {
    return source;
  }
}

/** Offset of the quote that ends a string, or of the last character of its line. */
function stringEnd(text: string, quote: number): number {
  for (let i = quote + 1; i < text.length; i++) {
    const c = text[i];
    if (c === '\\') i++;
    else if (c === '"') return i;
    else if (c === '\n') return i - 1;
  }
  return text.length - 1;
}

/** Width of the white space before an offset; null if anything else precedes it on its line. */
function indentationAt(text: string, at: number): number | null {
  let i = at - 1;
  while (text[i] === ' ' || text[i] === '\t') i--;
  return i < 0 || text[i] === '\n' ? at - 1 - i : null;
}

function trimmedEnd(text: string, start: number, end: number): number {
  let i = end;
  while (i > start + 1 && /[\s,[\]]/.test(text[i - 1]!)) i--;
  return i;
}

/** Maps offsets, which must ascend, to lines (from 0). */
export function lineCounter(text: string): (offset: number) => number {
  let at = 0;
  let line = 0;
  return (offset) => {
    for (let next = text.indexOf('\n', at); next >= 0 && next < offset; next = text.indexOf('\n', at)) {
      at = next + 1;
      line++;
    }
    return line;
  };
}
