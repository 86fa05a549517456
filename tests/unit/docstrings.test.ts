/** Everything that a room offers says what it takes and gives: an exported function or class has a docstring. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from '../support/processes.ts';

const DECLARED = /^export (?:default )?(?:abstract )?(?:async )?(?:function\*?|class|const) (\w+)/;
const ARROW = /^export const \w+(?:: [^=]+(?:=> [^=]+)?)? = (?:async )?(?:<.*>)?\(.*\)(?:: [^=]+)? =>/;

/** Names of exported functions and classes without a docstring, which stands right above them. */
function undocumentedIn(text: string): string[] {
  const lines = text.split('\n');
  return lines.flatMap((line, at) => {
    const name = DECLARED.exec(line)?.[1];
    if (name === undefined) return [];
    if (line.startsWith('export const') && !ARROW.test(`${line} ${lines.slice(at + 1, at + 4).join(' ')}`)) return [];
    // Decorators stand between a class and its docstring, overloads between a function and its own.
    const above = (start: number): number => {
      const before = lines[start - 1] ?? '';
      return before.startsWith('@') || DECLARED.exec(before)?.[1] === name ? above(start - 1) : start;
    };
    return lines[above(at) - 1]?.endsWith('*/') ? [] : [name];
  });
}

const sources = ['engine', 'extension', 'webview']
  .flatMap((folder) =>
    readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((name) => path.join(folder, name)),
  )
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'));

test('every file begins with a description', () => {
  const first = (file: string) =>
    readFileSync(path.join(ROOT, file), 'utf8')
      .replace(/^#!.*\n/, '')
      .trimStart();
  expect(sources.filter((file) => !first(file).startsWith('/**'))).toEqual([]);
});

test('exported functions and classes have a docstring', () => {
  expect(sources.length).toBeGreaterThan(500);
  const found = sources.flatMap((file) =>
    undocumentedIn(readFileSync(path.join(ROOT, file), 'utf8')).map((name) => `${file}: ${name}`),
  );
  expect(found).toEqual([]);
});

test.each([
  ['/** A file. */\n\nexport function a(): void {}', ['a']],
  ['/** A file. */\n\n/** Does it. */\nexport async function a(): void {}', []],
  ["/** A file. */\n\n/** Shows it. */\n@customElement('rs-a')\nexport class A {}", []],
  ['/** A file. */\n\nexport const a = (b: number) => b;', ['a']],
  ['/** A file. */\n\nexport const a: Basis = ({ b }) =>\n  b;', ['a']],
  ['/** A file. */\n\nexport const LIMIT = 3;', []],
  ['/** A file. */\n\n/** Both. */\nexport function a(b: string): void;\nexport function a(b: number): void {}', []],
  ['/** A file. */\n\n// For tests.\nexport class A {}', ['A']],
])('%j', (text, names) => {
  expect(undocumentedIn(text)).toEqual(names);
});
