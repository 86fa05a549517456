/** How numbers, times and texts read on every surface. */
import { describe, expect, test } from 'vitest';
import {
  bytes,
  dateTime,
  duration,
  integer,
  number,
  percent,
  plural,
  roughDuration,
  shortDateTime,
} from '../../engine/protocol/format.ts';
import { code, markdown } from '../../engine/protocol/markdown.ts';
import { quantityText, withUnit } from '../../engine/protocol/quantities.ts';
import { oneLine, verdictText } from '../../engine/protocol/texts.ts';

describe('numbers', () => {
  test('are a dash if they do not exist', () => {
    expect([percent(0.873), percent(null), percent(Number.NaN)]).toEqual(['87%', '–', '–']);
    expect([verdictText(null), verdictText(true), verdictText(false)]).toEqual(['–', 'correct', 'wrong']);
  });

  test('keep their size, however small or large', () => {
    expect([0.12345, 0.00001, 0.0007, 0, -Infinity, undefined].map((value) => number(value))).toEqual([
      '0.123',
      '1.0e-5',
      '7.0e-4',
      '0.000',
      '-∞',
      '–',
    ]);
    expect([0, 0.5, 1e-4, null].map((value) => number(value, 2))).toEqual(['0.00', '0.50', '1.0e-4', '–']);
    expect([integer(1234.4), integer(null), plural(1, 'problem'), plural(1200, 'step')]).toEqual([
      '1,234',
      '–',
      '1 problem',
      '1,200 steps',
    ]);
    expect([bytes(300 * 2 ** 20), bytes(3.5 * 2 ** 30), bytes(null)]).toEqual(['300 MB', '3.5 GB', '–']);
    expect([number(1e308), integer(-1e308), percent(1e308), bytes(1e308)]).toEqual([
      ...['1.0e+308', '-1.0e+308', '∞%', '9.3e+298 GB'],
    ]);
    expect([number(123_456_789), integer(1e14)]).toEqual(['123456789.000', '100,000,000,000,000']);
  });
});

describe('quantities', () => {
  test('have the digits and the unit of their kind, alone and with an interval', () => {
    expect([0.5726, 0, 1, null, undefined, Number.NaN].map((value) => quantityText('accuracy', value))).toEqual([
      ...['0.573', '0.000', '1.000', '–', '–', '–'],
    ]);
    expect([0.873, 0.001, -0.001].map((value) => quantityText('share', value))).toEqual(['0.87', '0.00', '0.00']);
    expect(quantityText('accuracy', { mean: 0.71, low: 0.66, high: 0.76 })).toBe('0.710 (0.660 to 0.760)');
    expect([0.21, null].map((value) => withUnit('entropy', value))).toEqual(['0.21 nats/token', '–']);
    expect([withUnit('share', 0.5), withUnit('length', 12.62), withUnit('tokens', 1234)]).toEqual([
      ...['0.50', '12.6 tokens', '1,234 tokens'],
    ]);
  });

  test('keep their size where it matters', () => {
    expect([quantityText('tokenProbability', 2e-4), quantityText('reward', 1.1e-4)]).toEqual(['2.0e-4', '1.1e-4']);
    expect(quantityText('kl', 0.00123)).toBe('0.0012');
  });
});

test('an invalid time is a dash', () => {
  expect([dateTime('tomorrow'), dateTime(1e300), shortDateTime('', true)]).toEqual(['–', '–', '–']);
});

test('a measured time is exact, an estimated one is rounded', () => {
  expect([0, 38, 725, 11_232, null].map(duration)).toEqual(['0:00', '0:38', '12:05', '3:07:12', '–']);
  expect([3, 90, 7500, 7200, null].map(roughDuration)).toEqual(['3 s', '2 min', '2 h 5 min', '2 h', '–']);
});

test('texts are cut to one line, and remain code whatever they contain', () => {
  expect([oneLine(' a\n b\t ', 10), oneLine('abcdef', 4), oneLine('👍👍👍', 3)]).toEqual(['a b', 'abc…', '👍👍👍']);
  expect([code('a'), code(' a'), code('`'), code('a`b'), code('')]).toEqual([
    '`a`',
    '`  a `',
    '`` ` ``',
    '``a`b``',
    '`  `',
  ]);
});

/** What Markdown makes of code and entities: the text; null where anything else is in it. */
function plainOf(markdown: string): string | null {
  let text = '';
  for (let rest = markdown; rest !== ''; ) {
    const found = /^&#124;|^(`+)(?!`)([\s\S]*?[^`])\1(?!`)/.exec(rest);
    if (!found) return null;
    const inner = found[2] ?? '';
    const padded = /^ .* $/.test(inner) && inner.trim() !== '';
    text += found[1] === undefined ? '|' : padded ? inner.slice(1, -1) : inner;
    rest = rest.slice(found[0].length);
  }
  return text;
}

test('nothing escapes from inline code, or from its table cell', () => {
  const signs = ['a', '|', '\\', '`', '``', ' ', '![i](http://x)', '<img>', '&#124;'];
  const texts = signs.flatMap((a) => signs.flatMap((b) => signs.flatMap((c) => [a, `${a}${b}`, `${a}${b}${c}`])));
  for (const text of texts) {
    expect(code(text)).not.toContain('|');
    if (text.trim() !== '') expect([text, plainOf(code(text))]).toEqual([text, text]);
  }
  expect(code('a\\|b')).toBe('`a\\`&#124;`b`');
  expect(code('a\u202eb\x1b\nc')).toBe('`a[U+202E]b␛↵c`');
});

test('Markdown text never becomes a link, even without markup', () => {
  expect(markdown('see www.evil.example, a@b.example or https://evil.example')).toBe(
    'see www\\.evil\\.example, a\\@b\\.example or https\\://evil\\.example',
  );
});
