/** Code in responses. Pure. */

/** The marks of a line that opens or closes a block, and the language that it names; null for another line. */
function fenceIn(line: string): { fence: string; language: string } | null {
  const marks = /^ {0,3}(`{3,}|~{3,})/.exec(line);
  if (!marks) return null;
  const rest = line.slice(marks[0].length);
  if (rest.includes('`')) return null;
  return { fence: marks[1]!, language: /^[ \t]*([^\s{]*)/.exec(rest)![1]!.toLowerCase() };
}

/**
 * Content of the last closed block of code whose language is among `languages` (lower case; '' is a block without one);
 * null without one. A block that is still open at the end was cut off and does not count.
 */
export function lastCodeBlock(text: string, languages: readonly string[]): string | null {
  let found: string | null = null;
  let open: { fence: string; language: string; lines: string[] } | null = null;
  for (const line of text.split(/\r?\n/)) {
    const fence = fenceIn(line);
    if (open === null) {
      if (fence) open = { ...fence, lines: [] };
    } else if (fence?.fence.startsWith(open.fence) && line.trim() === fence.fence) {
      if (languages.includes(open.language)) found = open.lines.join('\n');
      open = null;
    } else open.lines.push(line);
  }
  return found;
}
