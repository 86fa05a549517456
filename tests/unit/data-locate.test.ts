import { readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findFault } from '../../engine/data/json-fault.ts';
import { locateProblems } from '../../engine/data/locate.ts';

describe('JSON Lines', () => {
  test('each line is a row, blank ones are not', () => {
    expect(locateProblems('{"id": 7, "prompt": "x"}\n\n{"question": "y"}\n{"answer": 1}\n', 'jsonl')).toEqual([
      { row: 0, line: 0, endLine: 0, id: '7', hasPrompt: true },
      { row: 1, line: 2, endLine: 2, id: null, hasPrompt: true },
      { row: 2, line: 3, endLine: 3, id: null, hasPrompt: false },
    ]);
  });

  test('a line that is being edited keeps its place', () => {
    expect(locateProblems('{"prompt": "x"}\n{"id": "b", "prompt": "y", "ans\n{"prompt": "z"}', 'jsonl')).toMatchObject([
      { row: 0, hasPrompt: true },
      { row: 1, id: 'b', hasPrompt: true },
      { row: 2, hasPrompt: true },
    ]);
  });

  test('a part of a document continues the row count; column names can be given', () => {
    expect(locateProblems('{"q": "x", "key": "k"}', 'jsonl', { prompt: 'q', id: 'key' }, 40)).toEqual([
      { row: 40, line: 0, endLine: 0, id: 'k', hasPrompt: true },
    ]);
  });
});

describe('JSON', () => {
  const rows = [
    { id: 'a', prompt: 'x', meta: { list: [{ deep: 1 }] } },
    { id: 'b', prompt: '{ "not": "a row" }' },
  ];
  const pretty = JSON.stringify(rows, null, 2);

  test('objects of the list, pretty-printed', () => {
    const lines = pretty.split('\n');
    const found = locateProblems(pretty, 'json');
    expect(found.map(({ row, id, hasPrompt }) => [row, id, hasPrompt])).toEqual([
      [0, 'a', true],
      [1, 'b', true],
    ]);
    for (const { line, endLine } of found) {
      expect(lines[line]).toBe('  {');
      expect(lines[endLine]).toMatch(/^ {2}\},?$/);
    }
  });

  test('a list inside an object, and a list on one line', () => {
    expect(locateProblems(`{"name": "set",\n"data": ${JSON.stringify(rows)}}`, 'json')).toMatchObject([
      { row: 0, line: 1, endLine: 1, id: 'a' },
      { row: 1, line: 1, endLine: 1, id: 'b' },
    ]);
  });

  test.each([
    ['a missing brace', pretty.replace('"meta": {', '"meta": ')],
    ['an open string', pretty.replace('"x"', '"x')],
    ['a missing comma', pretty.replace('},\n  {', '}\n  {')],
    ['a row not closed', pretty.replace('\n  },', '\n')],
    ['a row with too many braces', pretty.replace('\n  },', '\n  }},')],
    ['a half-typed name', pretty.replace('"prompt": "x"', '"prompt": "x", "an')],
  ])('%s leaves the rows where they are', (_, broken) => {
    const found = locateProblems(broken, 'json');
    expect(found.map(({ row, id, hasPrompt }) => [row, id, hasPrompt])).toEqual([
      [0, 'a', true],
      [1, 'b', true],
    ]);
    expect(broken.split('\n')[found[1]!.line]).toBe('  {');
  });

  test('other documents contain no rows', () => {
    for (const text of ['', '{}', '[]', '3', '"x"', '[1, 2]', '{"a": {"b": [1]}}']) {
      expect(locateProblems(text, 'json')).toEqual([]);
    }
  });

  test('any text gives lines that exist and do not go back', () => {
    const piece = fc.constantFrom('{', '}', '[', ']', '"', ',', ':', '\n', ' ', '\\', '"prompt": "x"', '"id": 1', 'a');
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 60 }),
        fc.constantFrom('json' as const, 'jsonl' as const),
        (parts, format) => {
          const text = parts.join('');
          const count = text.split('\n').length;
          let last = 0;
          for (const { line, endLine } of locateProblems(text, format)) {
            expect(line).toBeGreaterThanOrEqual(last);
            expect(endLine).toBeGreaterThanOrEqual(line);
            expect(endLine).toBeLessThan(count);
            last = line;
          }
        },
      ),
      { numRuns: 1000, seed: 3 },
    );
  });

  test('agrees with the parser on any valid list', () => {
    const row = fc.record({
      id: fc.string(),
      prompt: fc.string({ minLength: 1 }).filter((s) => s.trim() !== ''),
      x: fc.jsonValue(),
    });
    fc.assert(
      fc.property(fc.array(row, { maxLength: 6 }), fc.constantFrom(0, 1, 4), (list, indent) => {
        const found = locateProblems(JSON.stringify(list, null, indent), 'json');
        expect(found).toHaveLength(list.length);
        found.forEach(({ hasPrompt, id }, i) => {
          expect(hasPrompt).toBe(true);
          expect(id).toBe(list[i]!.id.trim() === '' ? null : list[i]!.id);
        });
      }),
      { numRuns: 300, seed: 4 },
    );
  });

  // What is not linear takes longer than any test may.
  test('sixteen megabytes are read', () => {
    const big = JSON.stringify(
      Array.from({ length: 80_000 }, (_, i) => ({ id: i, prompt: 'x'.repeat(150) })),
      null,
      2,
    );
    expect(locateProblems(big, 'json')).toHaveLength(80_000);
  });
});

test.each([
  ['[1', 2, 'expected "," or "]", found the end'],
  ['{"a": [1 2]}', 9, 'expected "," or "]", found "2"'],
  ['{"a": [1] "b"}', 10, 'expected "," or "}", found "\\""'],
  ['{"a" 1}', 5, 'expected ":" after a name, found "1"'],
  ['{a: 1}', 1, 'expected a value or a name in quotes, found "a"'],
  ['[1,]', 3, 'expected a value, found "]"'],
  ['[1.]', 1, 'incomplete number'],
  ['[1] 2', 4, 'unexpected "2" after the end'],
  ['{"a": "\\\\frac \\sum"}', 14, 'invalid escape in a string (write a backslash as \\\\)'],
  ['["a\nb"]', 1, 'unterminated string on its line'],
  ['["a]', 1, 'unterminated string'],
  ['["ab\u0001"]', 4, 'unescaped control character in a string'],
  ['['.repeat(100_000), 1000, 'nested too deeply'],
])('the error in %j is at %i', (text, offset, message) => {
  expect(findFault(text)).toEqual({ offset, message });
});

test('an error is found exactly where JSON.parse finds one', () => {
  const text = readFileSync(path.resolve(import.meta.dirname, '../../package.json'), 'utf8').slice(0, 600);
  const valid = (s: string) => {
    try {
      JSON.parse(s);
      return true;
    } catch {
      return false;
    }
  };
  fc.assert(
    fc.property(
      fc.oneof(
        fc.json(),
        fc.json().chain((s) => fc.nat(s.length).map((at) => s.slice(0, at))),
        fc
          .json()
          .chain((s) =>
            fc
              .tuple(fc.nat(s.length), fc.constantFrom(...'{}[],:"\\x0-'.split('')))
              .map(([at, c]) => s.slice(0, at) + c + s.slice(at)),
          ),
        fc.nat(text.length).map((at) => text.slice(0, at)),
      ),
      (s) => {
        const fault = findFault(s);
        expect([s, fault === null]).toEqual([s, valid(s)]);
        if (fault) expect(fault.offset).toBeLessThanOrEqual(s.length);
      },
    ),
    { numRuns: 2000, seed: 5 },
  );
});
