/** What touches the system: files that are whole or not there, programs that are waited for, and those that are left alone. */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { isAside, removeAbandoned, replaceFolder, writeAside, writeAtomically } from '../../engine/system/aside.ts';
import { startDetached } from '../../engine/system/detached.ts';
import { makeFolder } from '../../engine/system/folders.ts';
import { isProcessAlive } from '../../engine/system/liveness.ts';
import { parseStat } from '../../engine/system/proc.ts';
import { runProgram } from '../../engine/system/program.ts';
import { ROOT, temporaryFolder } from '../support/processes.ts';
import { expectRejection } from '../support/refusals.ts';

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
});

describe('a file that is written aside', () => {
  test('appears completely, with its folders and its mode', async () => {
    const path = join(folder, 'a', 'b.txt');
    await writeAtomically(path, 'one', { mode: 0o600 });
    await writeAtomically(path, 'two', { mode: 0o600, durable: true });
    expect(readFileSync(path, 'utf8')).toBe('two');
    if (process.platform !== 'win32') expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(folder, 'a'))).toEqual(['b.txt']);
  });

  test('leaves the existing file if it cannot be written', async () => {
    const path = join(folder, 'b.txt');
    await writeAtomically(path, 'one');
    const full = Object.assign(new Error('no space'), { code: 'ENOSPC' });
    const failing = writeAside(path, async (aside) => {
      writeFileSync(aside, 'tw');
      expect(isAside(readdirSync(folder).find((name) => name !== 'b.txt')!, 'b.txt')).toBe(true);
      throw full;
    });
    await expectRejection(failing, 'disk', { reason: 'disk-full', file: path });
    expect(readdirSync(folder)).toEqual(['b.txt']);
    expect(readFileSync(path, 'utf8')).toBe('one');
  });

  test('is removed once its writer is gone, and not before', async () => {
    const path = join(folder, 'b.txt');
    const { stdout } = await runProgram(process.execPath, ['-p', 'process.pid']);
    const names = [
      `b.txt.${stdout.trim()}-0a.partial`,
      `b.txt.${process.pid}-0a.partial`,
      'b.txt.partial',
      'c.partial',
    ];
    for (const name of names) writeFileSync(join(folder, name), '');
    await removeAbandoned(path);
    expect(readdirSync(folder).sort()).toEqual(names.slice(1).sort());
  });
});

test('a folder is replaced completely or not at all', async () => {
  const [target, aside] = [join(folder, '4'), join(folder, '.tmp-4')];
  mkdirSync(aside);
  writeFileSync(join(aside, 'left over'), '');
  await replaceFolder(target, aside, async (to) => writeFileSync(join(to, 'a'), '1'));
  const failing = replaceFolder(target, aside, async () => {
    throw new Error('no');
  });
  await expect(failing).rejects.toThrow('no');
  expect(readdirSync(folder)).toEqual(['4']);
  expect(readdirSync(target)).toEqual(['a']);
});

const node = (code: string) => [process.execPath, ['-e', code]] as const;

describe('a program', () => {
  test('receives its input, and its output is kept up to a limit', async () => {
    const [command, args] = node('process.stdin.pipe(process.stdout); console.error("x"); process.exitCode = 3');
    expect(await runProgram(command, args, { input: 'in' })).toEqual({
      ...{ code: 3, signal: null, timedOut: false },
      ...{ stdout: 'in', stderr: 'x\n' },
    });
    const many = await runProgram(...node('process.stdout.write("a".repeat(1e6))'), { outputBytes: 10 });
    expect(many).toMatchObject({ code: 0, stdout: 'a'.repeat(10) });
  });

  test('ends at its deadline, on request, or not at all without one', async () => {
    const forever = node('setInterval(() => {}, 1000)');
    expect(await runProgram(...forever, { seconds: 0.3 })).toMatchObject({ code: null, timedOut: true });
    expect(await runProgram(...forever, { signal: AbortSignal.abort() })).toMatchObject({ timedOut: false });
    await expect(runProgram('/no/such/program', [])).rejects.toThrow('ENOENT');
  });
});

describe('a detached program', () => {
  const start = (code: string, timeout = 60_000) => {
    const [command, args] = node(code);
    return startDetached({ command, args, env: process.env, logFile: join(folder, 'logs', 'x.log'), timeout });
  };

  test('prints its line, logs, and lives until it is killed', async () => {
    const started = await start(
      'console.error("begun"); console.log(process.pid + "\\nmore"); setInterval(() => console.log("x"), 10)',
    );
    const pid = Number(started.line);
    expect(isProcessAlive(pid)).toBe(true);
    expect(readFileSync(join(folder, 'logs', 'x.log'), 'utf8')).toBe('begun\n');
    started.kill();
    const { code, signal } = await started.exited;
    expect(code !== null || signal !== null).toBe(true);
    expect(existsSync(`/proc/${pid}`)).toBe(false);
  });

  test('that prints nothing is ended, with a reason', async () => {
    await expect(start('process.exit(7)')).rejects.toThrow(/\b7\b/);
    await expect(start('setInterval(() => {}, 1000)', 300)).rejects.toThrow(/\b0\.3 s\b/);
  });
});

test('/proc/<pid>/stat is parsed after a name that may contain anything', () => {
  const fields = ['S', 1, 2, 3, ...Array.from({ length: 15 }, () => 0), 4711, 0].join(' ');
  expect(parseStat(`12 (a) b (c) ${fields}`)).toEqual({ parent: 1, group: 2, session: 3, start: '4711', ended: false });
  expect(parseStat('')).toBeNull();
});

describe('a folder', () => {
  test('is created with its parent folders', () => {
    expect(makeFolder(join(folder, 'a', 'b'), 0o700)).toBe(join(folder, 'a'));
    if (process.platform !== 'win32') expect(statSync(join(folder, 'a')).mode & 0o777).toBe(0o700);
    expect(makeFolder(join(folder, 'a', 'b'))).toBeUndefined();
    writeFileSync(join(folder, 'file'), '');
    expect(() => makeFolder(join(folder, 'file'))).toThrow('EEXIST');
    expect(() => makeFolder(join(folder, 'file', 'c'))).toThrow('ENOTDIR');
  });

  // Node's own recursive mkdir never returns there.
  test.runIf(process.platform === 'linux')('below one that accepts no entries is refused', () => {
    expect(() => makeFolder('/proc/nothing/a')).toThrow('ENOENT');
  });

  test('is created in no other way', () => {
    const found = sources().filter((path) => /\bmkdir(?:Sync)?\([^;]{0,200}recursive/.test(readFileSync(path, 'utf8')));
    expect(found.map((path) => path.slice(ROOT.length + 1))).toEqual(['engine/system/folders.ts']);
  });
});

function sources(): string[] {
  return ['engine', 'extension'].flatMap((room) =>
    readdirSync(join(ROOT, room), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => join(ROOT, room, name)),
  );
}
