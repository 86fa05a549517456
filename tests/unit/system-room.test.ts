/** One room touches the system: outside `engine/system` nothing starts or kills processes, or changes files. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from '../support/processes.ts';

const ROOM = 'engine/system/';
/** What reads only. */
const READS = new Set([
  ...[
    'access',
    'closeSync',
    'constants',
    'createReadStream',
    'existsSync',
    'FileHandle',
    'FSWatcher',
    'open',
    'openSync',
    'Stats',
    'Dirent',
  ],
  'fstatSync',
  ...['readdir', 'readdirSync', 'readFile', 'readFileSync', 'readSync', 'realpath', 'realpathSync', 'stat', 'statSync'],
  'watch',
]);

interface Finding {
  file: string;
  what: string;
}

/** What a source may not do, in the order in which it stands there. */
function findingsIn(file: string, text: string): Finding[] {
  const found: Finding[] = [];
  const add = (what: string) => found.push({ file, what });
  for (const [, imported, module] of text.matchAll(/^(?:import|export) ([^;]*?) from '(node:[^']+)'/gm)) {
    if (/^node:(child_process|cluster)$/.test(module!)) add(module!);
    if (!/^node:fs/.test(module!)) continue;
    const [, list] = /\{([^}]*)\}/.exec(imported!) ?? [];
    for (const name of (list ?? '').split(',').map(
      (part) =>
        part
          .trim()
          .replace(/^type /, '')
          .split(' ')[0]!,
    )) {
      if (name !== '' && !READS.has(name)) add(name);
    }
    const whole = /^(?:\* as )?(\w+)/.exec(imported!)?.[1];
    if (list !== undefined || whole === undefined) continue;
    for (const [, name] of text.matchAll(new RegExp(`(?<![\\w.'"\`])${whole}\\.(\\w+)\\b`, 'g'))) {
      if (!READS.has(name!)) add(`${whole}.${name}`);
    }
  }
  // Opened for anything but reading.
  for (const [call] of text.matchAll(/\bopen(?:Sync)?\([^():{}]*,\s*'(?!r')[^']*'/g)) add(call);
  for (const [call] of text.matchAll(/\bprocess\.kill\(/g)) add(call);
  return found;
}

test('only engine/system starts and ends processes, and changes files', () => {
  const files = ['engine', 'extension', 'webview'].flatMap((folder) =>
    readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((name) => `${folder}/${name}`),
  );
  const outside = files.filter((file) => file.endsWith('.ts') && !file.startsWith(ROOM));
  expect(outside.length).toBeGreaterThan(400);
  const found = outside.flatMap((file) => findingsIn(file, readFileSync(path.join(ROOT, file), 'utf8')));
  expect(found).toEqual([]);
});

test.each([
  ["import { readFile, writeFile } from 'node:fs/promises';", ['writeFile']],
  ["import { type FSWatcher, watch } from 'node:fs';", []],
  ["import fs from 'node:fs';\nfs.rmSync(a);\nfs.statSync(b);", ['fs.rmSync']],
  ["import * as fs from 'node:fs/promises';\nawait fs.mkdir(a);", ['fs.mkdir']],
  ["import { spawn } from 'node:child_process';", ['node:child_process']],
  ["await open(file, 'w')", ["open(file, 'w'"]],
  ["await open(file, 'r')", []],
  ["process.kill(process.pid, 'SIGKILL');", ['process.kill(']],
])('%s', (text, what) => {
  expect(findingsIn('x.ts', text).map((finding) => finding.what)).toEqual(what);
});
