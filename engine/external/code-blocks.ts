/** Extracts code blocks from responses. Pure. */

const [TICK, TILDE, SPACE, RETURN] = [0x60, 0x7e, 0x20, 0x0d];

/** The fence at the start or end of a code block. */
interface Fence {
  mark: number;
  size: number;
  /** The text after the fence: the language, or nothing. */
  rest: string;
}

/** null for other lines, most of which are recognized by their first characters. */
function fenceIn(text: string, start: number, end: number): Fence | null {
  let at = start;
  while (at < start + 3 && text.charCodeAt(at) === SPACE) at++;
  const mark = text.charCodeAt(at);
  if (mark !== TICK && mark !== TILDE) return null;
  const begin = at;
  while (at < end && text.charCodeAt(at) === mark) at++;
  if (at - begin < 3) return null;
  const rest = at === end ? '' : text.slice(at, end);
  return rest.includes('`') ? null : { mark, size: at - begin, rest };
}

/**
 * Content of the last closed code block whose language is in `languages` (lower case; '' means no language); null if
 * there is none. A block that is still open at the end was truncated and does not count.
 */
export function lastCodeBlock(text: string, languages: readonly string[]): string | null {
  if (!text.includes('```') && !text.includes('~~~')) return null;
  let found: [start: number, end: number] | null = null;
  let open: Fence | null = null;
  let from = 0;
  for (let start = 0, end = 0; start <= text.length; start = end + 1) {
    end = text.indexOf('\n', start);
    if (end < 0) end = text.length;
    const isCarried = end < text.length && end > start && text.charCodeAt(end - 1) === RETURN;
    const fence = fenceIn(text, start, isCarried ? end - 1 : end);
    if (!fence) continue;
    if (open === null) {
      open = fence;
      from = end + 1;
    } else if (fence.mark === open.mark && fence.size >= open.size && fence.rest.trim() === '') {
      if (languages.includes(languageOf(open.rest))) found = [from, start];
      open = null;
    }
  }
  return (
    found &&
    text
      .slice(...found)
      .replaceAll('\r\n', '\n')
      .slice(0, -1)
  );
}

function languageOf(rest: string): string {
  return rest === '' ? '' : /^[ \t]*([^\s{]*)/.exec(rest)![1]!.toLowerCase();
}
