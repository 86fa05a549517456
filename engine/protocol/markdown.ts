/** Escapes texts of datasets, models and programs for Markdown. Pure. */

import { stampOf, TextWriter } from './text-writer.ts';
import { visibleCode, visibleMarkdown } from './visible.ts';

/**
 * Text as inline code of Markdown, whatever it contains. It also works in the cell of a table, where a `|` ends the
 * cell even inside code, so it is written as an entity between two pieces of code. Line breaks are shown as ↵.
 */
export function code(text: string): string {
  const line = visibleCode(text);
  if (!line.includes('|')) return codeSpan(line);
  const out = new TextWriter(2 * line.length);
  for (let from = 0; from <= line.length; ) {
    const end = partEnd(line, from);
    if (end > from) writeSpan(out, line, from, end);
    if (end < line.length) out.stamp(BAR);
    from = end + 1;
  }
  return out.text();
}

/** Text as plain text of Markdown: no part of it is a link, an image, HTML, an icon or the end of a cell. */
export function markdown(text: string): string {
  return visibleMarkdown(text);
}

function codeSpan(text: string): string {
  const isPlain = !isSpace(text.charCodeAt(0)) && !isSpace(text.charCodeAt(text.length - 1)) && !text.includes('`');
  if (text !== '' && isPlain) return `\`${text}\``;
  const out = new TextWriter(text.length + 2);
  writeSpan(out, text, 0, text.length);
  return out.text();
}

const BAR = stampOf('&#124;');
const [SPACE, TICK, VERTICAL] = [' ', '`', '|'].map((mark) => mark.charCodeAt(0)) as [number, number, number];

function partEnd(line: string, from: number): number {
  let end = from;
  while (end < line.length && line.charCodeAt(end) !== VERTICAL) end++;
  return end;
}

/** Writes the text between two positions as one code span. */
function writeSpan(out: TextWriter, text: string, from: number, end: number): void {
  let longest = 0;
  let run = 0;
  let isBlank = true;
  for (let i = from; i < end; i++) {
    const code = text.charCodeAt(i);
    run = code === TICK ? run + 1 : 0;
    if (run > longest) longest = run;
    isBlank &&= isSpace(code);
  }
  const atEnds = (at: number) => isSpace(text.charCodeAt(at)) || text.charCodeAt(at) === TICK;
  // Markdown takes one space off both ends, unless there is nothing else.
  const isPadded = from === end || (!isBlank && (atEnds(from) || atEnds(end - 1)));
  for (let i = 0; i <= longest; i++) out.unit(TICK);
  if (isPadded) out.unit(SPACE);
  out.slice(text, from, end);
  if (isPadded) out.unit(SPACE);
  for (let i = 0; i <= longest; i++) out.unit(TICK);
}

/** The characters that `\s` matches. */
const isSpace = (code: number) =>
  code < 0x80 ? code === SPACE || (code >= 9 && code <= 13) : /\s/.test(String.fromCharCode(code));
