/** Texts of datasets, models and programs as Markdown in which they stay what they are. Pure. */

import { largest } from './values.ts';
import { visible, visibleMarkdown } from './visible.ts';

/**
 * Text as inline code of Markdown, whatever it holds: also in the cell of a table, for which a `|` ends a cell even inside of
 * code, so it is between two parts of code, as an entity. Line breaks are shown as ↵.
 */
export function code(text: string): string {
  const line = visible(text.replace(/\r\n?|\n/g, '↵'));
  if (line === '') return codeSpan('');
  // no part needs more than a mark around it; where there is no part, two marks meet
  if (!/`|(?:^|\|)\s|\s(?:\||$)/.test(line)) return `\`${line.replaceAll('|', '`&#124;`')}\``.replaceAll('``', '');
  return line
    .split('|')
    .map((part) => (part === '' ? '' : codeSpan(part)))
    .join('&#124;');
}

/** Text as text of Markdown: nothing in it is a link, an image, HTML, an icon or the end of a cell. */
export function markdown(text: string): string {
  return visibleMarkdown(text);
}

function codeSpan(text: string): string {
  if (text !== '' && !/^\s|`|\s$/.test(text)) return `\`${text}\``;
  const longest = largest(
    Array.from(text.matchAll(/`+/g), ([run]) => run.length),
    0,
  );
  const fence = '`'.repeat(longest + 1);
  // Markdown takes one space off both ends, unless there is nothing else.
  const pad = text === '' || (/^[\s`]|[\s`]$/.test(text) && text.trim() !== '') ? ' ' : '';
  return `${fence}${pad}${text}${pad}${fence}`;
}
