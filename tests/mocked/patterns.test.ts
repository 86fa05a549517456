/**
 * Regular expressions take time that is linear in the text, whatever it says. recheck looks at each of them once, which
 * takes it seconds: those that it found safe are listed in `tests/fixtures/patterns.txt`, and `npx vitest run
 * tests/mocked/patterns.test.ts -u` looks at new ones and adds them.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test, vi } from 'vitest';
import { parseAst } from 'vitest/node';
import { ROOT } from '../support/processes.ts';
import { updates } from '../support/wording.ts';

/** By how they begin: vulnerable on paper, or beyond what recheck decides, and why they are bounded all the same. */
const BOUNDED: readonly (readonly [beginning: string, why: string])[] = [
  ["/' (?:depends on axioms", 'the list of axioms ends at the next bracket'],
  ['/(?:<\\|[^|<>\\s]{1,40}\\|>', 'sees 50 characters; the names in it are at most 40 long'],
  ['/(?:\\\\(?:boxed|fbox)\\s*\\{|\\\\boxed', 'sees 100 characters (TAIL)'],
  ['/\\s*(?:(?:####|\\\\boxed', 'sees 100 characters (TAIL)'],
  ['/(?:\\\\(?:mathrm|text|operatorname|rm)\\s*\\{\\s*d', 'each d walks over the space behind it once'],
  ['/(?<!\\b(?:Rs|approx', 'sees 1,200 characters; only names of at most 40 are repeated'],
  ['/\\$\\$|\\\\\\[|\\\\\\(|\\$|-?\\\\[dtc]?frac', 'sees 4,000 characters, and each part ends at the next brace'],
  ['/(?<![^\\W_])(?:answers?|ans)(?: choice', 'at most 80 characters are repeated between two words'],
  ['/(?<![\\p{L}\\p{N}_\\\\$*.,-])', 'a formula has at most 200 characters, a number 41, a list 9 letters'],
  ['/(["\'])(?:final[_ ]?|correct[_ ]?)?answer', 'at most 500 characters follow each name'],
  ['/(\\d{1,9}(?:\\.\\d{1,9})?) ?([a-zA-Z]', 'sees 200 characters (MAX_COMPOUND_LENGTH)'],
  ['/\\b(?:from|import)(?:\\s*\\()?', 'sees modules of the user; a name ends at the next quote or line'],
];
const isBounded = (pattern: string) => BOUNDED.some(([beginning]) => pattern.startsWith(beginning));

/** Patterns that are put together when they are needed: of what. */
const COMPOSED = new Map([
  ['engine/grading/rules.ts', 2], // classes of letters
  ['engine/grading/last-number.ts', 1], // a copy with a place of its own
  ['engine/importers/formats/miles.ts', 3], // names of files
  ['engine/model/literal-text.ts', 1], // literal texts
  ['engine/reward/integral-problem.ts', 3], // a class of digits, and a copy
  ['engine/runs/find.ts', 1], // literal text
]);

const FILES = ['engine', 'extension', 'webview']
  .flatMap((folder) =>
    readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((name) => path.join(folder, name)),
  )
  .filter((name) => name.endsWith('.ts'))
  .map((name) => name.replaceAll(path.sep, '/'))
  .sort();
/** Files whose patterns are put together from constants when they are loaded. */
const AT_LOAD = [
  'grading/family.ts',
  'grading/numbered.ts',
  'grading/span.ts',
  'grading/statement.ts',
  'grading/tags.ts',
  'grading/thought.ts',
  'grading/value-first.ts',
  'importers/padding.ts',
];

interface SyntaxNode {
  type?: string;
  regex?: { pattern: string; flags: string };
  callee?: { name?: string };
}

/** Literals of a file, and how many patterns it puts together. */
function patternsIn(file: string): { literals: string[]; composed: number } {
  const literals: string[] = [];
  let composed = 0;
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    const { type, regex, callee } = node as SyntaxNode;
    if (type === 'Literal' && regex) literals.push(`/${regex.pattern}/${regex.flags}`);
    else if ((type === 'NewExpression' || type === 'CallExpression') && callee?.name === 'RegExp') composed++;
    for (const child of Object.values(node)) visit(child);
  };
  visit(parseAst(readFileSync(path.join(ROOT, file), 'utf8'), { lang: 'ts' }).body);
  return { literals, composed };
}

/** The patterns that a file puts together when it is loaded. */
async function atLoad(file: string): Promise<string[]> {
  const made: string[] = [];
  const plain = globalThis.RegExp;
  vi.resetModules();
  globalThis.RegExp = new Proxy(plain, {
    construct(target, args: [string, string?]) {
      const pattern = new target(...args);
      made.push(String(pattern));
      return pattern;
    },
  });
  try {
    await import(path.join(ROOT, 'engine', file));
  } finally {
    globalThis.RegExp = plain;
  }
  return made;
}

const found = FILES.map((file) => ({ file, ...patternsIn(file) }));

/** How long recheck looks at a new pattern before it gives up, milliseconds. */
const LOOK_MS = 60_000;

test('composed patterns are known', () => {
  const others = found.filter(({ file, composed }) => composed > 0 && !AT_LOAD.includes(file.replace('engine/', '')));
  expect(new Map(others.map(({ file, composed }) => [file, composed]))).toEqual(
    new Map([...COMPOSED].sort(([a], [b]) => (a < b ? -1 : 1))),
  );
});

test('every pattern is linear', async () => {
  const list = path.join(ROOT, 'tests/fixtures/patterns.txt');
  const known = new Set(readFileSync(list, 'utf8').split('\n').filter(Boolean));
  const composed: string[] = [];
  for (const file of AT_LOAD) composed.push(...(await atLoad(file)));
  expect(composed.length).toBeGreaterThan(6);
  const all = [...new Set([...found.flatMap(({ literals }) => literals), ...composed])].sort();
  expect(all.length).toBeGreaterThan(500);
  const open = all.filter((pattern) => !known.has(pattern) && !isBounded(pattern));
  // Each costs seconds, in every run of the tests.
  if (!updates()) expect(open.length, 'new patterns; vitest -u adds those that are safe to the list').toBeLessThan(10);
  const safe = new Set(all.filter((pattern) => known.has(pattern)));
  const vulnerable: string[] = [];
  const unknown: string[] = [];
  if (open.length > 0) {
    process.env.RECHECK_BACKEND = 'pure';
    const { checkSync } = await import('recheck');
    for (const pattern of open) {
      const end = pattern.lastIndexOf('/');
      const looked = checkSync(pattern.slice(1, end), pattern.slice(end + 1), { timeout: LOOK_MS });
      if (looked.status === 'safe') safe.add(pattern);
      else if (looked.status === 'unknown') unknown.push(pattern);
      else vulnerable.push(`${looked.complexity.summary}: ${pattern}`);
    }
  }
  expect(vulnerable).toEqual([]);
  // what takes too long on a busy machine is looked at when the list is renewed
  if (updates()) {
    writeFileSync(list, `${[...safe].sort().join('\n')}\n`);
    expect(unknown).toEqual([]);
  }
  expect(BOUNDED.filter(([beginning]) => !all.some((pattern) => pattern.startsWith(beginning)))).toEqual([]);
});
