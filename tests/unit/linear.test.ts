/**
 * What took time that grows faster than the text: readers of foreign text, on texts on which a pattern would try every
 * place again. They would take minutes, and fail by the time-out of the test.
 */
import { expect, test } from 'vitest';
import { lastCodeBlock } from '../../engine/external/code-blocks.ts';
import { fileFor } from '../../engine/external/proof-file.ts';
import { lastNumber } from '../../engine/grading/last-number.ts';
import { lastStatement } from '../../engine/grading/statement.ts';
import { withoutPadding } from '../../engine/importers/padding.ts';
import { userText } from '../../engine/importers/prompt-text.ts';
import { parseLine } from '../../engine/journal/events.ts';
import { bytesIn } from '../../engine/protocol/settings/size.ts';
import { placeholders, render } from '../../engine/protocol/template.ts';
import { withoutEnd } from '../../engine/protocol/trim-end.ts';
import { findIntegral } from '../../engine/reward/integral-problem.ts';
import { completionFinder } from '../../engine/training/policy/completion.ts';
import { themedReport } from '../../extension/experiments/report-html.ts';

const N = 1_000_000;
const of = (piece: string, length = N) => piece.repeat(length / piece.length);

test('endings', () => {
  expect(withoutEnd('a.,', /[.,]/)).toBe('a');
  expect(withoutEnd(`${of('.')}x`, /[.]/)).toHaveLength(N + 1);
  expect(withoutEnd('...', /[.]/)).toBe('');
});

test('records that are a string or a list', () => {
  for (const text of [`"${of('x', 30 * N)}"`, `[${of('0,', 4 * N)}0]`]) {
    expect(parseLine(text)).toEqual(expect.stringContaining('expected an object'));
  }
  // each of its clusters is at fault
  const many = parseLine(`{"type":"group","seq":0,"clusters":[${of('0,', 400_000)}0]}`) as string;
  expect(many).toMatch(/; and [\d,]+ more errors$/);
  expect(many.length).toBeLessThan(1000);
});

test('code blocks', () => {
  expect(lastCodeBlock(`${of('~')}\``, [''])).toBeNull();
  expect(lastCodeBlock('~~~~ Python x\n1\n~~~~', ['python'])).toBe('1');
  expect(lastCodeBlock('```py`thon\n1\n```', ['py', ''])).toBeNull();
});

test('the contents of a code block', () => {
  const block = (text: string) => lastCodeBlock(text, ['']);
  for (const [text, content] of [
    ['```\r\na\r\nb\r\n```\r\n', 'a\nb'],
    ['```\n```', ''],
    ['```\n\n```', ''],
    ['   ```\n a\n  ```', ' a'],
    ['    ```\na\n```', null],
    ['````\n```\na\n````', '```\na'],
    ['```\na\n~~~\n```', 'a\n~~~'],
    ['```\na\n``` b\n```', 'a\n``` b'],
    ['```\na\n```\n```\nb', 'a'],
    ['```\na\n```\n~~~\nb\n~~~~', 'b'],
  ] as const)
    expect(block(text), text).toBe(content);
});

test('proofs', () => {
  const file = (response: string) => fileFor({ header: '' } as never, { response } as never);
  expect(file(`theorem a : 1 = 1 := rfl${of('\n')}`)).toMatchObject({ theorem: 'a' });
  expect(file(`def x := 1${of('\n@[', 99_000)}`)).toMatchObject({ theorem: null });
  expect(file('def x := 1\n@[simp] @[ext]\nprotected theorem b : 1 = 1 := rfl')).toMatchObject({ theorem: 'b' });
  expect(file('@[simp] lemma c : 1 = 1 := rfl')).toMatchObject({ theorem: 'c' });
  expect(file(`theorem d : 1 = 1 := by ${of('a')}`)).toMatchObject({ refused: expect.any(String) });
  expect(file('@[simp] 5')).toMatchObject({ refused: expect.any(String) });
});

test('answers', () => {
  expect(lastNumber(of('\\[ 1 '))).toMatchObject({ text: '1' });
  expect(lastNumber(`${of('1')}`)).toBeNull();
  expect(lastNumber('so \\[ x = 5\\] and \\[\\frac{1}{2}\\].')).toMatchObject({ text: '\\frac{1}{2}' });
  expect(lastNumber('we get -3\\sqrt{2}.')).toMatchObject({ text: '-3\\sqrt{2}' });
  expect(lastNumber('costs $5 and\n $6 today')).toMatchObject({ text: '6' });
  expect(lastStatement(`**Final Answer**\n\n7${of('\n')}`)).toMatchObject({ text: '7' });
  expect(lastStatement(of('answer\n'))).toBeNull();
});

test('prompts and templates', () => {
  expect(userText(`[INST] hi [/INST]${of(' ', 150_000)}x`)).toContain('[INST]');
  expect(userText('<s> [INST]  two\nlines  [/INST] ')).toBe('two\nlines');
  expect(withoutPadding(`${of('<pad>')}x`)).toBe('x');
  expect(withoutPadding(`a${of('<pad>')}x`)).toHaveLength(N + 2);
  expect(withoutPadding('[PAD]a <pad><|endoftext|>')).toBe('a ');
  expect(placeholders(`{{${of(' ')}`)).toEqual([]);
  expect(placeholders('{{ a }} {{b}} {{{ c}}')).toEqual(['a', 'b', 'c']);
  expect(render('{{ a }}-{{b}}', (name) => name)).toBe('a-b');
  expect(bytesIn(`1${of(' ')}x`)).toBeNull();
  expect([bytesIn(' 4 GiB '), bytesIn('1500MB'), bytesIn('4')]).toEqual([4 * 2 ** 30, 1500 * 2 ** 20, 4]);
});

test('integrals', () => {
  const found = (text: string) => findIntegral(text);
  expect(found(`\\int \\${of('d')}`)).toMatchObject({ variable: null });
  expect(found(`\\int x${of(' ')}.`)).toMatchObject({ integrand: 'x', variable: null });
  expect(found('\\int x^2 \\, dx.')).toMatchObject({ integrand: 'x^2', variable: 'x' });
  expect(found('\\int \\delta t \\,\\mathrm{d} t')).toMatchObject({ integrand: '\\delta t', variable: 't' });
  expect(found('\\int \\frac{dx}{x}.')).toMatchObject({ integrand: '\\frac{ {1} }{x}', variable: 'x' });
});

test('reports', () => {
  expect(themedReport(of(':root{'), 'n').length).toBeGreaterThan(N);
  expect(themedReport(`<style>:root{--bg:#fff;color:red;--fg:#000}${of('-')}</style></head>`, 'n')).toContain(
    'vscode-light,body.vscode-high-contrast-light{--bg:#fff;--fg:#000}',
  );
});

test('complete responses', () => {
  const finder = completionFinder({ stop: [], stopAtAnswer: true }, (tokens) => String.fromCharCode(...tokens))!;
  const complete = (text: string) => finder([...text].map((c) => c.charCodeAt(0)));
  expect(complete(of('####x', 50_000))).toBeNull();
  expect(complete('ab #### 5')).toBeNull();
  expect(complete('ab ####  \n#### 5\nmore')).toBe(17);
});
