/**
 * Where the elements of a JSON list stand, also while the document is being edited and broken. Its own scan, because the
 * recovery by indentation exists in no library, and the tokens of jsonc-parser would take two to four times as long.
 */

export interface Span {
  /** Offsets of the object's `{` and of the character after its `}`. */
  start: number;
  end: number;
}

/**
 * Spans of the objects in the top-level list, or in the first list that a top-level object holds (`{"data": [...]}`).
 * Tolerant: a string ends at its line's end, and an object that is not closed ends where the next one begins at the same
 * or a smaller indentation. Linear in the length of the text.
 */
export function scanObjects(text: string): Span[] {
  const spans: Span[] = [];
  const open = listStart(text);
  if (open < 0) return spans;
  let depth = 0;
  let start = -1;
  let indentation = -1;
  for (let i = open + 1; i < text.length; i++) {
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
  if (start >= 0) spans.push({ start, end: trimmedEnd(text, start, text.length) });
  return spans;
}

/** Offset of the `[` of the list of problems; -1 without one. */
function listStart(text: string): number {
  const head = /^\uFEFF?\s*/.exec(text)![0].length;
  if (text[head] === '[') return head;
  if (text[head] !== '{') return -1;
  let depth = 0;
  for (let i = head; i < text.length; i++) {
    const c = text[i]!;
    if (c === '"') i = stringEnd(text, i);
    else if (c === '{') depth++;
    else if (c === '}') depth--;
    else if (c === '[' && depth === 1) return i;
  }
  return -1;
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

/** Width of the white space before an offset; null when something else stands before it on its line. */
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

/** Lines (from 0) of ascending offsets. */
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
