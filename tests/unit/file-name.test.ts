/** Names and paths that come from outside stay where they are put, on every system. */
import { expect, test } from 'vitest';
import { isFileName, isInnerPath } from '../../engine/system/file-name.ts';

test.each(['a', 'model-00001-of-00002.safetensors', '.gitattributes', '~', '...a', 'é.json', 'console', 'com10'])(
  '%j is a file name',
  (name) => {
    expect([isFileName(name), isInnerPath(`folder/${name}`)]).toEqual([true, true]);
  },
);

test.each([
  ...[
    '',
    '.',
    '..',
    '...',
    '.. ',
    ' ',
    'a.',
    'a ',
    'a/b',
    '/a',
    'a/',
    'a\\b',
    '..\\a',
    'C:a',
    'a:b',
    'a\0',
    'a\n',
    '\x7f',
  ],
  ...['con', 'NUL.txt', 'aux ', 'com1', 'COM¹.a', 'lpt9', 'conin$', 'x'.repeat(256), 'é'.repeat(200)],
])('%j is not a file name', (name) => {
  expect(isFileName(name)).toBe(false);
});

test.each([
  '../x',
  'a/../b',
  '/etc/x',
  'a//b',
  'a/./b',
  '.. /x',
  'a/.. ',
  '//host/x',
  '\\\\host\\x',
  'C:/x',
  'a/nul/b',
  'a/b./c',
])('%j leads out of a folder, or may', (name) => {
  expect(isInnerPath(name)).toBe(false);
});

test.each([null, undefined, 5, {}, ['a']])('%j is not text', (value) => {
  expect([isFileName(value), isInnerPath(value)]).toEqual([false, false]);
});
