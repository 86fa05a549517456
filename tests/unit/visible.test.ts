import { describe, expect, it, vi } from 'vitest';
import { code, markdown } from '../../engine/protocol/markdown.ts';
import { oneLine } from '../../engine/protocol/texts.ts';
import { visible, visibleJson, visibleLine } from '../../engine/protocol/visible.ts';

describe('text for people', () => {
  it.each([
    ['the title of a terminal', '\x1b]0;owned\x07', '␛]0;owned␇'],
    ['the clipboard', '\x1b]52;c;bHM=\x1b\\', '␛]52;c;bHM=␛\\'],
    ['clearing', 'a\x1b[2Jb', 'a␛[2Jb'],
    ['control sequences of one byte', '\u009b31mred', '[U+009B]31mred'],
    ['a line written over', 'wrong\rright', 'wrong␍right'],
    ['backspaces', 'no\b\byes', 'no␈␈yes'],
    ['overrides of the direction', 'a\u202eb\u202c', 'a[U+202E]b[U+202C]'],
    ['isolates', '\u2066x\u2069', '[U+2066]x[U+2069]'],
    ['no width', '1\u200b2\u200d3\ufeff', '1[U+200B]2[U+200D]3[U+FEFF]'],
    ['tags', 'a\u{e0041}', 'a[U+E0041]'],
    ['variation selectors behind a letter', 'x\ufe0f\u{e0101}', 'x[U+FE0F][U+E0101]'],
    ['halves of a character', 'a\ud800b', 'a[U+D800]b'],
    ['other line ends', 'a\u2028b\u0085c', 'a[U+2028]b[U+0085]c'],
    ['fillers', 'a\u3164b\u115f', 'a[U+3164]b[U+115F]'],
    ['deletion', 'a\x7f', 'a␡'],
  ])('escapes %s', (_, text, shown) => {
    expect(visible(text)).toBe(shown);
    expect(visible(shown)).toBe(shown);
  });

  it.each(['two\nlines\tand a tab', '√2 ≤ ½ · 中文 · عربي · ไทย', '👨‍👩‍👧 ❤️ 👍🏽 1️⃣', 'می‌خواهم', 'क्‍ष', ''])(
    'leaves %j unchanged',
    (text) => {
      expect(visible(text)).toBe(text);
    },
  );

  it.each([
    ['joiners between letters of Mongolian', 'ᠠ\u200dᠠ\u180b\u200dᠠ', 'ᠠ\u200dᠠ[U+180B]\u200dᠠ'],
    ['joiners next to each other', 'م\u200c\u200cم', 'م[U+200C][U+200C]م'],
    ['a joiner behind what is hidden', 'م\u202e\u200cم', 'م[U+202E][U+200C]م'],
    ['a line end among hidden characters', '\u200b\r\n\u200b\r', '[U+200B]\n[U+200B]␍'],
  ])('checks %s one by one', (_, text, shown) => {
    expect(visible(text)).toBe(shown);
  });

  it('checks each kind of hidden character once, however many there are', () => {
    const picture = vi.spyOn(String, 'fromCodePoint');
    expect(visible('\x1b\x07'.repeat(1000))).toBe('␛␇'.repeat(1000));
    expect(visible('\u{e0041}\ud800a\u200d\u{e0041}'.repeat(1000)).length).toBe(35_000);
    // once to see what it is, and once for its picture
    expect(picture.mock.calls.length).toBeLessThanOrEqual(10);
    picture.mockRestore();
  });

  it.each([4095, 4096, 4097, 4110, 9000])('escapes long texts like short ones: %i characters before', (length) => {
    const before = 'a'.repeat(length);
    const text = '👍🏽\u202e\n\u{e0041}é👨‍👩‍👧\ud800|`x` ';
    for (const shown of [visible, visibleLine, markdown]) expect(shown(before + text)).toBe(before + shown(text));
    expect(visibleJson(before + text)).toBe(`"${before}${visibleJson(text).slice(1)}`);
    // A part with a mark inside has two around it.
    expect(code(`${before}|${text}`)).toBe(`\`${before}\`&#124;${code(text)}`);
    expect(code(`${text}|${before}`)).toBe(`${code(text)}&#124;\`${before}\``);
    expect(code('|'.repeat(length))).toBe('&#124;'.repeat(length));
    expect(code('`'.repeat(length))).toBe(`${'`'.repeat(length + 1)} ${'`'.repeat(length)} ${'`'.repeat(length + 1)}`);
  });

  it('leaves every character that is not hidden unchanged', () => {
    const hidden = /(?![\n\t])[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{DI}\ufff9-\ufffb]/u;
    const wrong: number[] = [];
    for (let point = 0; point <= 0x10ffff; point += point >= 0x20000 && (point < 0xe0000 || point > 0xe1000) ? 61 : 1) {
      const character = String.fromCodePoint(point);
      if ((visible(`${character}x`) === `${character}x`) === hidden.test(character)) wrong.push(point);
    }
    expect(wrong).toEqual([]);
  });

  it('handles Windows line ends', () => {
    expect(visible('a\r\nb\r\n')).toBe('a\nb\n');
  });

  it('escapes line ends and tabs in a single line', () => {
    expect(visibleLine('a\nerror: b\tc\r\nd')).toBe('a␊error: b␉c␊d');
  });

  it('escapes Markdown syntax, including its own brackets', () => {
    expect(markdown('[a](b)\u200b`c`\n')).toBe('\\[a\\]\\(b\\)\\[U+200B\\]\\`c\\`␊');
  });

  it.each([
    ['  two\n words ', 9, 'two words'],
    ['two words', 8, 'two wor…'],
    ['two words', 5, 'two…'],
    ['👨‍👩‍👧👨‍👩‍👧', 5, `${'👨‍👩‍👧👨‍👩‍👧'.slice(0, 6)}…`],
    [`${' '.repeat(5000)}a${'b'.repeat(5000)}`, 3, 'ab…'],
    ['', 3, ''],
    ['abc', 0, '…'],
  ])('puts %j on a line of %i', (text, length, line) => {
    expect(oneLine(text, length)).toBe(line);
  });

  it('escapes them in JSON, whose value is unchanged', () => {
    const value = { '\u202ekey': ['\x1b\x7f\u009b', '\u{e0041}', '\ud800', '👨‍👩‍👧', 'a\nb'] };
    const text = visibleJson(value);
    expect(text).not.toMatch(/[\p{Cc}\p{DI}\p{Cs}]/u);
    expect(JSON.parse(text)).toEqual(value);
  });
});
