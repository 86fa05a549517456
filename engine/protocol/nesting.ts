/** How deeply lists and objects are nested in a text. Pure. */

const [QUOTE, APOSTROPHE, BACKSLASH] = [0x22, 0x27, 0x5c];

/**
 * Whether a text, as JSON or as Python prints it, has more than `levels` lists and objects within each other: told in one pass,
 * where a parser would go down all of them first.
 */
export function nestsDeeper(text: string, levels: number): boolean {
  let depth = 0;
  let quote = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (quote !== 0) {
      if (code === BACKSLASH) at++;
      else if (code === quote) quote = 0;
    } else if (code === QUOTE || code === APOSTROPHE) quote = code;
    // [ and {, ] and }
    else if (code === 0x5b || code === 0x7b) {
      if (++depth > levels) return true;
    } else if (code === 0x5d || code === 0x7d) depth--;
  }
  return false;
}
