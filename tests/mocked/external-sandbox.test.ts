/** Programs of rewards in bubblewrap: what they can reach from there, and what is said where it is missing. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { checkPrograms, runCustom } from '../../engine/external/index.ts';
import { runBounded } from '../../engine/system/bounded.ts';
import { requireSandbox, setSandbox } from '../../engine/system/sandbox.ts';
import { temporaryFolder } from '../support/processes.ts';
import { refusalOf } from '../support/refusals.ts';
import { requireOrSkip } from '../support/skip.ts';

/** Whether bubblewrap works here, asked of it directly. */
const works = spawnSync('bwrap', ['--ro-bind', '/', '/', '--unshare-all', 'true']).status === 0;

afterEach(() => {
  setSandbox('none');
  vi.unstubAllEnvs();
});

test('an error names it where it is missing, and auto continues without it', async () => {
  vi.resetModules();
  const { requireSandbox: require, setSandbox: set } = await import('../../engine/system/sandbox.ts');
  vi.stubEnv('PATH', temporaryFolder());
  set('bubblewrap');
  const refusal = (await require().catch((error: unknown) => error)) as { code: string; details: object; hint: string };
  expect(refusal).toMatchObject({ code: 'config', details: { reason: 'no-sandbox', sandbox: 'bubblewrap' } });
  expect(refusal.hint).toContain('bubblewrap');
  set('auto');
  await require();
});

describe.runIf(requireOrSkip('bubblewrap', works, 'bwrap does not work here (Debian: package bubblewrap)'))(
  'in it',
  () => {
    beforeEach(async () => {
      setSandbox('bubblewrap');
      await requireSandbox();
    });

    /** Runs JavaScript, which prints JSON. */
    async function asked(code: string, cwd?: string): Promise<unknown> {
      const args = ['-e', `const say = (value) => console.log(JSON.stringify(value));\n${code}`];
      const given = { command: process.execPath, args, seconds: 60, outputBytes: 10_000, ...(cwd && { cwd }) };
      const { code: status, stdout, stderr } = await runBounded(given);
      expect(status, stderr).toBe(0);
      return JSON.parse(stdout);
    }

    test('a program writes to its temporary folder only', async () => {
      const place = temporaryFolder();
      const write = (file: string) =>
        `try { require('fs').writeFileSync(${file}, 'x'); say('written'); } catch (error) { say(error.code); }`;
      expect(await asked(write(JSON.stringify(path.join(place, 'file'))))).toBe('EROFS');
      expect(await asked(write(JSON.stringify(path.join(place, 'file'))), place)).toBe('EROFS');
      expect(await asked(write(JSON.stringify(path.join(os.homedir(), 'rollscope-test'))))).toBe('EROFS');
      expect(existsSync(path.join(place, 'file'))).toBe(false);
      expect(await asked(write("require('path').join(require('os').tmpdir(), 'file')"))).toBe('written');
      expect(await asked(write("require('path').join(require('os').tmpdir(), 'file')"), place)).toBe('written');
      expect(readdirSync(place)).toEqual([]);
    });

    test('it has no network and sees no other process', async () => {
      const server = createServer((socket) => socket.end('hello'));
      const port = await new Promise<number>((resolve) =>
        server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port)),
      );
      const connect = `require('net').connect(${port}, '127.0.0.1').on('error', (e) => say(e.code)).on('data', () => say('reached'));`;
      expect(await asked(connect)).toMatch(/^E/);
      server.close();
      const processes = "say(require('fs').readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name)).length)";
      expect(await asked(processes)).toBeLessThan(5);
    });

    test('limits apply, and everything in it ends', async () => {
      const run = (code: string, more: object = {}) =>
        runBounded({ command: process.execPath, args: ['-e', code], seconds: 1, outputBytes: 1000, ...more });
      expect(await run('setInterval(() => {}, 1000)')).toMatchObject({ reason: 'time' });
      expect(await run("for (;;) console.log('x'.repeat(100))", { seconds: 30 })).toMatchObject({ reason: 'output' });
      expect(await run("process.kill(process.pid, 'SIGKILL')", { seconds: 30 })).toMatchObject({ signal: 'SIGKILL' });
      expect(await run('process.exit(7)', { seconds: 30 })).toMatchObject({ code: 7, signal: null, reason: null });
    });

    test('rewards work', async () => {
      const folder = temporaryFolder();
      writeFileSync(path.join(folder, 'reward.mjs'), 'export default (rollouts) => rollouts.map(() => 0.5);\n');
      const rollout = {
        problem: { id: 'a', prompt: 'p', columns: {} },
        group: 0,
        index: 0,
        response: 'r',
        answer: null,
      };
      const facts = { cluster: null, finish: 'stop', tokens: 1, logprob: null, entropy: null } as const;
      const options = { command: ['reward.mjs'], seconds: 60, labels: false };
      const [check] = await runCustom(options, [{ ...rollout, ...facts }], { folder });
      expect(check!.score).toBe(0.5);
      const limits = { language: 'javascript', seconds: 30, megabytes: 512, outputKilobytes: 64 } as const;
      const response = '```js\nfunction add(a, b) { return a + b; }\n```';
      const tests = ["require('assert').strictEqual(add(1, 2), 3)", "require('assert').strictEqual(add(1, 2), 4)"];
      const [judged] = await checkPrograms({ ...limits, tests: 'tests' } as never, [{ response, tests }]);
      expect(judged!.score).toBe(0.5);
    });
  },
);

test('the choice belongs to the process, whose default is none', async () => {
  await expect(refusalOf(requireSandbox())).rejects.toThrow('not refused');
});
