/** Code in responses. Pure. */

const FENCE = /^ {0,3}(`{3,}|~{3,})[ \t]*([^\s`{]*)[^`\n]*$/;

/**
 * Content of the last closed block of code whose language is among `languages` (lower case; '' is a block without one);
 * null without one. A block that is still open at the end was cut off and does not count.
 */
export function lastCodeBlock(text: string, languages: readonly string[]): string | null {
  let found: string | null = null;
  let open: { fence: string; language: string; lines: string[] } | null = null;
  for (const line of text.split(/\r?\n/)) {
    const fence = FENCE.exec(line);
    if (open === null) {
      if (fence) open = { fence: fence[1]!, language: fence[2]!.toLowerCase(), lines: [] };
    } else if (fence && fence[1]!.startsWith(open.fence) && line.trim() === fence[1]) {
      if (languages.includes(open.language)) found = open.lines.join('\n');
      open = null;
    } else open.lines.push(line);
  }
  return found;
}
