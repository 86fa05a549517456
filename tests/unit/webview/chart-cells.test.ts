/** Texts of datasets and models in files of charts: no formula in CSV, nothing hidden and nothing broken in SVG. */
import { describe, expect, it } from 'vitest';
import { csvCell, csvText, xmlCharacters } from '../../../webview/charts/export.ts';

describe('csv', () => {
  it.each([
    ['=HYPERLINK("http://x")', `'=HYPERLINK("http://x")`],
    ['+cmd|x', `'+cmd|x`],
    ['-x', `'-x`],
    ['@SUM(1)', `'@SUM(1)`],
    ['\t=1', `'\t=1`],
    ['＝1', `'＝1`],
    ['-5', '-5'],
    ['+1.5e-3', '+1.5e-3'],
    ['-1+2', `'-1+2`],
    ['x=1', 'x=1'],
    ['\u001b]52;c;eA==\u0007', '␛]52;c;eA==␇'],
    ['a\u202eb', 'a[U+202E]b'],
  ])('%j', (text, cell) => expect(csvCell(text)).toBe(cell));

  it('adds an apostrophe, then quotes, and leaves numbers unchanged', () =>
    expect(csvText({ head: ['=a', 'b'], rows: [['=1,"2"', -3]] })).toBe(`'=a,b\n"'=1,""2""",-3\n`));
});

describe('svg', () => {
  it.each([
    ['a\u0000b', 'a␀b'],
    ['a\ud800b', 'a[U+D800]b'],
    ['a\ufffe\uffffb', 'a[U+FFFE][U+FFFF]b'],
    ['a\u202eb', 'a[U+202E]b'],
  ])('%j', (text, shown) => expect(xmlCharacters(text)).toBe(shown));
});
