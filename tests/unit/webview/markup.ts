/** What a component renders, without a browser. */
import { nothing } from 'lit';

interface Template {
  strings: readonly string[];
  values: readonly unknown[];
}

function isTemplate(value: unknown): value is Template {
  return typeof value === 'object' && value !== null && 'strings' in value && 'values' in value;
}

/** What lit's `guard` makes where nothing is known yet. */
function made(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('_$litDirective$' in value)) return value;
  const [, make] = (value as unknown as Template).values;
  return typeof make === 'function' ? make() : value;
}

/** A template joined with its values; listeners, properties and boolean attributes are dropped. */
export function markup(guarded: unknown): string {
  const value = made(guarded);
  if (value === nothing || value === null || value === undefined) return '';
  if (Array.isArray(value)) return value.map(markup).join('');
  if (!isTemplate(value)) return escaped(String(value));
  let text = '';
  for (const [i, string] of value.strings.entries()) {
    text += string.replace(/\s+/g, ' ');
    if (i === value.values.length) break;
    const part = value.values[i];
    const attribute = /\s([@.?]?)[\w-]+=$/.exec(text);
    if (!attribute) text += markup(part);
    else if (attribute[1] || part === nothing) text = text.slice(0, attribute.index);
    else text += `"${part === null || part === undefined ? '' : escaped(String(part))}"`;
  }
  return text;
}

/** A template and all those inside it, each before those that it contains. */
export function templatesOf(guarded: unknown): unknown[] {
  const value = made(guarded);
  if (Array.isArray(value)) return value.flatMap(templatesOf);
  return isTemplate(value) ? [value, ...value.values.flatMap(templatesOf)] : [];
}

/** What happens on a click, for each element with `@click`, by its markup up to there. */
export function clicksOf(guarded: unknown): { element: string; click: () => void }[] {
  const value = made(guarded);
  if (Array.isArray(value)) return value.flatMap(clicksOf);
  if (!isTemplate(value)) return [];
  return value.values.flatMap((part, i) => {
    const before = markup({ strings: value.strings.slice(0, i + 1), values: value.values.slice(0, i) });
    if (!/\s@click=$/.test(value.strings[i]!)) return clicksOf(part);
    return [{ element: before.slice(before.lastIndexOf('<')), click: part as () => void }];
  });
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]!);
}

const TAG = /<(\/?)([\w-]+)((?:"[^"]*"|[^">])*)>/g;
/** Attributes that a person reads or hears. */
const READ = /\s(title|aria-label|placeholder)="([^"]*)"/g;
const LINES = new Set([
  'div',
  'section',
  'p',
  'h2',
  'tr',
  'li',
  'ul',
  'table',
  'details',
  'summary',
  'main',
  'svg',
  'select',
]);
const WORDS = new Set(['span', 'td', 'th', 'b', 'a', 'vscode-button', 'button', 'text', 'option', 'title']);

/** The texts of a markup, a line for each block; texts of attributes are in brackets. */
export function textsOf(html: string): string {
  return html
    .replace(TAG, (_, end: string, name: string, attributes: string) => {
      const read = [...attributes.matchAll(READ)].map(([, kind, text]) => `[${kind}: ${text!.replace(/\n/g, ' / ')}] `);
      const space = LINES.has(name) ? '\n' : name === 'option' ? ' | ' : WORDS.has(name) ? ' ' : '';
      return end ? (name === 'option' ? '' : space) : space + read.join('');
    })
    .replace(/&(amp|lt|gt|quot);/g, (_, name: string) => ({ amp: '&', lt: '<', gt: '>', quot: '"' })[name]!)
    .split('\n')
    .map((line) => line.replace(/\s+/g, ' ').trim())
    .filter((line) => line !== '')
    .join('\n');
}
