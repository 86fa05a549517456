/** Programs in bounds: whatever one does, it comes to an end, says why, and leaves nothing. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { type BoundedOptions, runBounded } from '../../engine/system/bounded.ts';
import { processes, processesByPs } from '../../engine/system/processes.ts';
import { isAlive, temporaryFolder } from '../support/processes.ts';
import { requirePython } from '../support/python.ts';
import { expectRejection } from '../support/refusals.ts';
import { until } from '../support/wait.ts';

const hasPython = await requirePython();
const POSIX = process.platform !== 'win32';
const LINUX = process.platform === 'linux';

const node = (code: string, more: Partial<BoundedOptions> = {}) =>
  runBounded({ command: process.execPath, args: ['-e', code], seconds: 120, outputBytes: 100_000, ...more });
const shell = (script: string, more: Partial<BoundedOptions> = {}) =>
  runBounded({ command: '/bin/sh', args: ['-c', script], seconds: 120, outputBytes: 100_000, ...more });

describe('a well-behaved program', () => {
  test('returns its status and its output', async () => {
    const result = await node('process.stdin.pipe(process.stdout); console.error("ä"); process.exitCode = 3', {
      input: 'read me',
    });
    expect(result).toEqual({ code: 3, signal: null, reason: null, stdout: 'read me', stderr: 'ä\n' });
  });

  test('has no stdin if none is given', async () => {
    expect((await node('console.log(require("fs").readFileSync(0, "utf8").length)')).stdout).toBe('0\n');
  });

  test('may leave its input unread', async () => {
    expect((await node('process.exit(0)', { input: 'x'.repeat(1e6) })).code).toBe(0);
  });

  test('has its own empty folder as its home, which is removed, and little of the environment', async () => {
    process.env.ROLLSCOPE_TEST_SECRET = 'secret';
    const { stdout } = await node(
      'console.log(JSON.stringify([process.cwd(), require("fs").readdirSync("."), process.env.ROLLSCOPE_TEST_SECRET ?? null, process.env.HOME]))',
    ).finally(() => delete process.env.ROLLSCOPE_TEST_SECRET);
    const [folder, entries, secret, home] = JSON.parse(stdout);
    expect([entries, secret]).toEqual([[], null]);
    expect(path.basename(home)).toBe(path.basename(folder));
    expect(existsSync(folder)).toBe(false);
  });

  test('that cannot be started is an error', async () => {
    const options = { args: [], seconds: 120, outputBytes: 1000 };
    if (POSIX) {
      expect(await runBounded({ ...options, command: '/nowhere/program' })).toMatchObject({ code: 127, reason: null });
    }
    await expect(runBounded({ ...options, command: 'sh', cwd: '/nowhere' })).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe.skipIf(!POSIX)('a misbehaving program', () => {
  test('is ended at its deadline, even if it ignores signals', async () => {
    const result = await node(
      'process.on("SIGTERM", () => {}); process.on("SIGINT", () => {}); setInterval(() => {}, 1e3)',
      {
        seconds: 0.5,
      },
    );
    expect(result).toMatchObject({ code: null, signal: 'SIGKILL', reason: 'time' });
  });

  test('is ended at its deadline when it keeps the processor busy', async () => {
    expect(await node('for (;;);', { seconds: 0.5 })).toMatchObject({ reason: 'time' });
  });

  test('is ended at its deadline when it closes its streams', async () => {
    expect(await shell('exec >&- 2>&- <&-; sleep 100', { seconds: 0.5 })).toMatchObject({ reason: 'time' });
  });

  test('is ended when it prints endlessly; its output is kept up to the limit', async () => {
    for (const stream of ['', ' >&2']) {
      const result = await shell(`yes${stream}`, { outputBytes: 5000 });
      expect(result.reason).toBe('output');
      expect(result.stdout.length + result.stderr.length).toBe(5000);
    }
  });

  test('is ended with what it started: background children, and those that left its group', async () => {
    const folder = temporaryFolder();
    const left = LINUX
      ? '; setsid sh -c "echo \\$\\$ > far; exec sleep 100" & while [ ! -s far ]; do sleep 0.01; done'
      : '';
    const result = await shell(`sleep 100 & echo $! > near${left}; exit 0`, { cwd: folder });
    expect(result).toMatchObject({ code: 0, reason: null });
    for (const name of LINUX ? ['near', 'far'] : ['near']) {
      const pid = Number(readFileSync(path.join(folder, name), 'utf8'));
      expect(pid).toBeGreaterThan(1);
      await until(`${name} is gone`, () => !isRunning(pid));
    }
  });

  const python = (code: string, more: Partial<BoundedOptions> = {}) =>
    runBounded({
      command: 'python3',
      args: ['-c', code],
      seconds: 120,
      outputBytes: 100_000,
      env: process.env,
      ...more,
    });
  const far = "subprocess.Popen(['sleep', '100'], env={}, start_new_session=True, stdout=-3, stderr=-3)";

  test.runIf(hasPython)('is ended with children that have their own session and environment', async () => {
    const code = `import subprocess, sys, time\nprint(${far}.pid, flush=True)\ntime.sleep(float(sys.argv[1]))`;
    for (const seconds of LINUX ? ['0', '1'] : ['1']) {
      const { stdout, code: status } = await python(code, { args: ['-c', code, seconds] });
      expect(status).toBe(0);
      expect(Number(stdout)).toBeGreaterThan(1);
      expect(isRunning(Number(stdout)), `after ${seconds} s`).toBe(false);
    }
  });

  test.runIf(hasPython)('is ended with them at the deadline, too', async () => {
    const code = `import subprocess, time\nprint(${far}.pid, flush=True)\ntime.sleep(100)`;
    // On a busy machine Python may need longer to begin.
    let stdout = '';
    for (let seconds = 2; stdout === '' && seconds < 200; seconds *= 3) {
      const ended = await python(code, { seconds });
      expect(ended.reason).toBe('time');
      stdout = ended.stdout;
    }
    expect(Number(stdout)).toBeGreaterThan(1);
    expect(isRunning(Number(stdout))).toBe(false);
  });

  test.runIf(LINUX && hasPython)('is ended with grandchildren whose parents are gone', async () => {
    const inner = `import subprocess; print(${far}.pid, flush=True)`;
    const code = `import subprocess\nsubprocess.run(['python3', '-c', ${JSON.stringify(inner)}], start_new_session=True)`;
    const { stdout } = await python(code);
    expect(Number(stdout)).toBeGreaterThan(1);
    expect(isRunning(Number(stdout))).toBe(false);
  });

  test.runIf(hasPython)('is ended when children outside its group use too much memory', async () => {
    const inner = 'b = bytearray(b"x") * 130_000_000; import time; time.sleep(100)';
    const start = `subprocess.Popen([sys.executable, '-c', ${JSON.stringify(inner)}], env={}, start_new_session=True)`;
    const code = `import subprocess, sys\nfor child in [${start}, ${start}]: child.wait()`;
    expect(await python(code, { megabytes: 200 })).toMatchObject({ reason: 'memory' });
  });

  test('is ended with its forks', async () => {
    const script = 'f() { sleep 50 & [ $1 -gt 0 ] && { f $(($1 - 1)) & f $(($1 - 1)) & }; wait; }; f 4';
    expect(await shell(script, { seconds: 1 })).toMatchObject({ reason: 'time' });
  });

  test('is ended when it uses too much memory: in its heap, and outside it', async () => {
    const heap = 'const a = []; for (;;) a.push(new Array(1e5).fill(Math.random()))';
    expect(await node(heap, { megabytes: 150, seconds: 120 })).toMatchObject({ reason: 'memory' });
    const buffers = 'const a = []; for (;;) a.push(Buffer.alloc(2e7, 1))';
    expect(await node(buffers, { megabytes: 150, seconds: 120 })).toMatchObject({ reason: 'memory' });
  });

  test.skipIf(!LINUX)('is ended when its processes together use too much memory', async () => {
    const one = 'const b = Buffer.alloc(6e7, 1); setInterval(() => b[0], 1000)';
    const script = `for i in 1 2 3; do "${process.execPath}" -e '${one}' & done; wait`;
    expect(await shell(script, { megabytes: 200, seconds: 120 })).toMatchObject({ reason: 'memory' });
  });

  test('may delete its folder, or make it inaccessible', async () => {
    expect(await shell('rm -rf "$PWD"; echo gone')).toMatchObject({ code: 0, stdout: 'gone\n' });
    const place = temporaryFolder();
    const usual = process.env.TMPDIR;
    process.env.TMPDIR = place;
    try {
      expect(await shell('mkdir -p a/b && touch a/b/c && chmod 0 a/b a . ; echo shut')).toMatchObject({ code: 0 });
    } finally {
      if (usual === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = usual;
    }
    expect(readdirSync(place)).toEqual([]);
  });

  test('is ended when the run is stopped', async () => {
    const stop = new AbortController();
    const folder = temporaryFolder();
    const running = shell('echo $$ > pid; exec sleep 100', { signal: stop.signal, cwd: folder });
    const read = () => Number(existsSync(path.join(folder, 'pid')) && readFileSync(path.join(folder, 'pid'), 'utf8'));
    const pid = await until('it runs', read);
    stop.abort();
    await expectRejection(running, 'canceled', { reason: 'program-killed' });
    expect(isRunning(pid)).toBe(false);
    await expectRejection(shell('exit 0', { signal: stop.signal }), 'canceled', { reason: 'program-killed' });
  });
});

test.skipIf(!POSIX)('processes are listed in the same way by /proc and by ps', async () => {
  const own = (list: Awaited<ReturnType<typeof processes>>) => list?.find(({ pid }) => pid === process.pid);
  const byPs = own(await processesByPs())!;
  expect(byPs).toMatchObject({ parent: process.ppid, session: null, ended: false });
  expect(byPs.megabytes).toBeGreaterThan(20);
  expect(Date.parse(byPs.start)).toBeGreaterThan(0);
  expect(own(await processes())).toMatchObject({ parent: process.ppid, group: byPs.group });
});

/** A zombie that nobody waits for is no longer running. */
function isRunning(pid: number): boolean {
  if (!isAlive(pid)) return false;
  if (!LINUX) return true;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2)[0] !== 'Z';
  } catch {
    return false;
  }
}
