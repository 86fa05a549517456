/** The Python side of runs on TRL: its own tests, which need no package, and what ruff and mypy say of it. */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { interpreter } from '../support/interop.ts';
import { ROOT } from '../support/processes.ts';
import { requireOrSkip } from '../support/skip.ts';

const python = interpreter('tools');
const there = requireOrSkip(
  'Python packages of the interop suite',
  python !== null,
  'node tests/interop/environments.mjs makes them',
);

/** Runs a module of Python in the folder of the Python side. */
function module(...args: string[]): string {
  const env = { ...process.env, PYTHONDONTWRITEBYTECODE: '1' };
  const { status, stdout, stderr } = spawnSync(python!, ['-m', ...args], {
    ...{ cwd: path.join(ROOT, 'python'), encoding: 'utf8', env },
  });
  expect(status, stdout + stderr).toBe(0);
  return stdout + stderr;
}

describe.runIf(there)('the Python side', () => {
  test('passes its own tests', () => {
    expect(module('unittest', 'discover', '-s', 'tests', '-t', '.')).toMatch(/^OK$/m);
  });

  test('is formatted, and passes ruff', () => {
    module('ruff', 'check', '--no-cache', '.');
    module('ruff', 'format', '--no-cache', '--check', '.');
  });

  test('passes the type check', () => {
    expect(module('mypy', '--cache-dir', '/dev/null', '.')).toContain('Success');
  });
});
