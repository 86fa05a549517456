/** A plain text as a data set: paragraphs, their lines, cuts, and what is refused. */
import fs from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { corpusRows } from '../../engine/data/corpus.ts';
import { loadDataset } from '../../engine/data/dataset.ts';
import { DatasetConfig } from '../../engine/protocol/index.ts';
import { temporaryFolder } from '../support/processes.ts';
import { expectRejection } from '../support/refusals.ts';

const words = (n: number, word = 'word') => Array.from({ length: n }, (_, i) => `${word}${i}`).join(' ');

describe('rows of a text file', () => {
  test('are paragraphs with their lines; headings are skipped, but counted', () => {
    const rows = corpusRows(
      `\uFEFF# Heading\r\n\r\n${words(12)}\r\nover two lines\r\n \t\r\n\r\n${words(9, 'next')}\n`,
    );
    expect(rows.map(({ values, line }) => [values.id, line])).toEqual([
      ['2', 3],
      ['3', 7],
    ]);
    const [first] = rows;
    expect(`${first!.values.prompt}${first!.values.continuation}`).toBe(`${words(12)} over two lines`);
  });

  test('are cut at a word in the middle half, at the same place each time', () => {
    const text = Array.from({ length: 40 }, (_, i) => words(16, `w${i}x`)).join('\n\n');
    const rows = corpusRows(text);
    expect(corpusRows(text)).toEqual(rows);
    const lengths = rows.map(({ values }) => values.prompt.split(' ').length);
    expect(Math.min(...lengths)).toBe(4);
    expect(Math.max(...lengths)).toBe(12);
    for (const { values } of rows) expect(values.continuation).toMatch(/^ \S/);
  });

  test('contain the whole text in order, and nothing else', () => {
    const word = fc.string({ minLength: 1, maxLength: 12 }).filter((s) => !/\s/.test(s) && !s.includes('\uFEFF'));
    fc.assert(
      fc.property(fc.array(fc.array(word, { minLength: 1, maxLength: 400 }), { maxLength: 5 }), (paragraphs) => {
        const rows = corpusRows(paragraphs.map((p) => p.join(' ')).join('\n\n'));
        const long = paragraphs.flatMap((p, i) => (p.length >= 8 ? [{ text: p.join(' '), id: String(i + 1) }] : []));
        for (const { text, id } of long) {
          const own = rows.filter(({ values }) => values.id.split('.')[0] === id);
          let at = 0;
          for (const { values } of own) {
            const piece = `${values.prompt}${values.continuation}`;
            at = text.indexOf(piece, at);
            expect(at).toBeGreaterThanOrEqual(0);
            expect(values.continuation.length).toBeLessThanOrEqual(200);
            expect(piece.length).toBeLessThanOrEqual(1500);
          }
          expect(text.startsWith(own[0]!.values.prompt)).toBe(true);
        }
        expect(new Set(rows.map(({ values }) => values.id)).size).toBe(rows.length);
        expect(new Set(rows.map(({ values }) => values.id.split('.')[0])).size).toBe(long.length);
      }),
      { numRuns: 60 },
    );
  });

  test('of long paragraphs are several, each with the line in which it begins', () => {
    const rows = corpusRows(`${Array.from({ length: 30 }, (_, i) => words(15, `l${i}x`)).join('\n')}\n`);
    expect(rows.map(({ values }) => values.id)).toEqual(['1.1', '1.2', '1.3']);
    for (const { values, line } of rows) expect(Number(/^l(\d+)x/.exec(values.prompt)![1]) + 1).toBe(line);
    expect(rows.map(({ line }) => line)).toEqual([...rows.map(({ line }) => line)].sort((a, b) => a - b));
  });
});

describe('a text file', () => {
  const folder = temporaryFolder();
  const load = (name: string, content: string | Uint8Array, more: Partial<DatasetConfig> = {}) => {
    fs.writeFileSync(path.join(folder, name), content);
    return loadDataset(DatasetConfig.parse({ path: path.join(folder, name), ...more }));
  };

  test.each(['a.txt', 'a.md'])('is read as a dataset: %s', async (name) => {
    const { problems, prompts, fingerprint } = await load(name, `# Title\n\n${words(20)}\n\n${words(20, 'other')}\n`, {
      template: 'Continue: {{prompt}}',
    });
    expect(problems).toMatchObject([
      { index: 0, id: '2', answer: null, row: 0, line: 3 },
      { index: 1, id: '3', answer: null, row: 1, line: 5 },
    ]);
    expect(words(20).startsWith(problems[0]!.text)).toBe(true);
    expect(prompts[0]!.user).toBe(`Continue: ${problems[0]!.text}`);
    const again = await load(name, `# Title\n\n${words(20)}\n\n${words(20, 'changed')}\n`, {
      template: 'Continue: {{prompt}}',
    });
    expect(again.fingerprint).not.toBe(fingerprint);
  });

  test('accepts ids and limits like any other', async () => {
    const text = Array.from({ length: 4 }, (_, i) => words(10, `p${i}x`)).join('\n\n');
    expect((await load('b.txt', text, { ids: ['3'] })).problems.map(({ line }) => line)).toEqual([5]);
    expect((await load('b.txt', text, { limit: 2 })).problems).toHaveLength(2);
  });

  test('is refused with its place if it is not text, or has nothing to continue', async () => {
    const file = (name: string) => path.join(folder, name);
    const zero = load('c.txt', `${words(10)}\n\nzero \0 byte`);
    await expectRejection(zero, 'dataset', { reason: 'nul-byte', file: file('c.txt'), line: 3 });
    const binary = load('c.txt', new Uint8Array([0xff, 0xfe, 0x41]));
    await expectRejection(binary, 'dataset', { reason: 'not-utf8', file: file('c.txt') });
    const bare = load('c.md', '# Only\n\nheadings here');
    await expectRejection(bare, 'dataset', { reason: 'no-paragraph', file: file('c.md'), fewest: 8 });
  });
});
