/** One name per concept, one concept per name: no two files export types of the same name, which would be two things. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from '../support/processes.ts';

const TYPE = /^export (?:declare )?(?:abstract )?(?:interface|type|class|enum) (\w+)/gm;

const defined = ['engine', 'extension', 'webview']
  .flatMap((folder) =>
    readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((name) => path.join(folder, name)),
  )
  .filter((name) => name.endsWith('.ts'))
  .flatMap((file) =>
    [...readFileSync(path.join(ROOT, file), 'utf8').matchAll(TYPE)].map(([, name]) => ({ name: name!, file })),
  );

test('every exported type has a unique name', () => {
  expect(defined.length).toBeGreaterThan(300);
  const filesOf = new Map<string, Set<string>>();
  for (const { name, file } of defined) filesOf.set(name, (filesOf.get(name) ?? new Set()).add(file));
  expect([...filesOf].filter(([, files]) => files.size > 1)).toEqual([]);
});
