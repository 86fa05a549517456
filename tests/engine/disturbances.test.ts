/** What happens to computers while a run is at work: clocks, stopped processes, full pipes, read-only disks, long names. */
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { ErrorData } from '../../engine/protocol/index.ts';
import { mountingShell } from '../support/mounts.ts';
import { CLI, type Ended, Program, ROOT, runCli, startCli, temporaryFolder } from '../support/processes.ts';
import { expectSameOutcome, outcomeOf, recordsOf } from '../support/run-outcome.ts';
import { requireOrSkip } from '../support/skip.ts';
import { until } from '../support/wait.ts';

const home = temporaryFolder();
const place = (name: string) => path.join(home, name);
const run = (name: string) => place(`runs/${name}`);
const data = place('data.jsonl');
writeFileSync(data, `${JSON.stringify({ prompt: '5+2+5=', answer: '12' })}\n`.repeat(2));
const SHORT = ['--device', 'cpu', '--steps', '3', '--votes', '4', '--group', '4', '--eval-samples', '1'];

const lastLine = ({ stdout }: Ended) => JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as Record<string, unknown>;

/** One error with its hint, and no stack. */
function expectError(ended: Ended): void {
  expect(ended.stderr.match(/^error: .+$/gm), ended.stderr).toHaveLength(1);
  expect(ended.stderr).toMatch(/^hint: .+$/m);
  expect(ended.stderr).not.toMatch(/\n\s+at |node:internal|throw /);
}

test('a clock that is set back changes no result and no duration', async () => {
  const [steady, back] = ['steady', 'back'];
  await runCli(['train', data, '--name', steady, ...SHORT], { home });
  const clock = pathToFileURL(path.join(ROOT, 'tests', 'support', 'clock-going-back.mjs'));
  const env = { NODE_OPTIONS: `--import ${clock}` };
  const ended = await runCli(['train', data, '--name', back, ...SHORT], { home, env });
  expect(ended, ended.stderr).toMatchObject({ code: 0 });
  expectSameOutcome(outcomeOf(run(back)), outcomeOf(run(steady)));
  const records = recordsOf(run(back));
  const times = records.map(({ time }) => Date.parse(time));
  expect(times.some((time, i) => i > 0 && time < times[i - 1]!)).toBe(true);
  for (const record of records) {
    if (record.type !== 'step') continue;
    for (const seconds of Object.values(record.timing)) expect(seconds).toBeGreaterThanOrEqual(0);
  }
  const shown = await runCli(['show', back, '--json'], { home });
  expect(lastLine(shown)).toMatchObject({ run: back, status: 'completed', step: 3 });
});

test.runIf(process.platform !== 'win32')(
  'a process that is suspended for seconds keeps its run, and continues normally',
  async () => {
    await runCli(['train', data, '--name', 'whole', ...SHORT], { home });
    const program = startCli(['train', data, '--name', 'halted', ...SHORT], { home });
    await until('a step', () => recordsOf(run('halted')).some(({ type }) => type === 'step'));
    program.kill('SIGSTOP');
    const before = recordsOf(run('halted')).length;
    // a second writer takes longer than a few heartbeats would
    for (let i = 0; i < 2; i++) {
      const second = await runCli(['resume', 'halted', '--json'], { home });
      expect(second, second.stderr).toMatchObject({ code: 2 });
      expect((lastLine(second).error as ErrorData).code).toBe('run-in-use');
    }
    const listed = lastLine(await runCli(['runs', '--json'], { home })).runs as { run: string; status: string }[];
    expect(listed.find((candidate) => candidate.run === 'halted')).toMatchObject({ status: 'running' });
    expect(recordsOf(run('halted'))).toHaveLength(before);
    program.kill('SIGCONT');
    expect(await program.ended).toMatchObject({ code: 0 });
    expectSameOutcome(outcomeOf(run('halted')), outcomeOf(run('whole')));
  },
);

test('of two writers that start at the same time, one gets the run', async () => {
  const args = ['train', data, '--name', 'contested', ...SHORT, '--json'];
  const ended = await Promise.all([1, 2, 3].map(() => runCli(args, { home })));
  const codes = ended.map(({ code }) => code).sort();
  expect(codes, ended.map(({ stderr }) => stderr).join('\n')).toEqual([0, 2, 2]);
  for (const one of ended) {
    if (one.code === 2) expect((lastLine(one).error as ErrorData).code).toMatch(/^(usage|run-in-use)$/);
  }
  const seqs = recordsOf(run('contested')).map(({ seq }) => seq);
  expect(seqs).toEqual(seqs.map((_, i) => i));
  expect(recordsOf(run('contested')).at(-1)).toMatchObject({ type: 'end', reason: 'completed' });
});

describe('names of 255 bytes, the maximum of a file system', () => {
  const longest = 'é'.repeat(127);

  test('work for datasets', async () => {
    const file = place(`${'d'.repeat(249)}.jsonl`);
    writeFileSync(file, `${JSON.stringify({ prompt: '5+2+5=', answer: '12' })}\n`);
    const ended = await runCli(['train', file, '--name', 'long-data', ...SHORT, '--json'], { home });
    expect(ended, ended.stderr).toMatchObject({ code: 0 });
    const out = place(`${'x'.repeat(249)}.jsonl`);
    const exported = await runCli(['export', 'long-data', '--format', 'jsonl', '--out', out], { home });
    // Written whole or not at all, by the name that was asked for.
    if (exported.code === 0) expect(existsSync(out)).toBe(true);
    else expectError(exported);
    expect(readdirSync(home).filter((name) => name.includes('.partial'))).toEqual([]);
  });

  test.each(['r'.repeat(255), `${longest}r`, 'r'.repeat(256)])('work for runs, or are refused: %#', async (name) => {
    const ended = await runCli(['train', data, '--name', name, ...SHORT], { home });
    if (ended.code === 0) {
      const shown = await runCli(['show', name], { home });
      expect(shown, shown.stderr).toMatchObject({ code: 0 });
    } else {
      expectError(ended);
      expect(existsSync(run(name))).toBe(false);
    }
  });
});

describe.runIf(process.platform === 'linux')('an uncaught error', () => {
  const shell = (command: string) =>
    new Program('sh', ['-c', command.replaceAll('CLI', `'${process.execPath}' '${CLI}'`)], {
      env: { ROLLSCOPE_HOME: home },
    }).ended;

  test('is reported when stdout cannot be written', async () => {
    const ended = await shell('CLI runs > /dev/full');
    expect(ended, ended.stderr).toMatchObject({ code: 1, signal: null });
    expectError(ended);
    expect(ended.stderr).toContain('stdout');
    expect(ended.stderr).not.toContain('resume');
  });

  test('has a code and a hint, whatever it is', async () => {
    const late = pathToFileURL(path.join(ROOT, 'tests', 'support', 'late-error.mjs'));
    const args = ['train', data, '--device', 'cpu', '--steps', '100000'];
    for (const [i, kind] of ['throw', 'reject'].entries()) {
      const env = { NODE_OPTIONS: `--import ${late}`, LATE_ERROR: kind };
      const plain = await runCli([...args, '--name', `late-${i}`], { home, env });
      expect(plain, plain.stderr).toMatchObject({ code: 1, signal: null });
      expectError(plain);
      const json = await runCli([...args, '--name', `late-json-${i}`, '--json'], { home, env });
      expect(json).toMatchObject({ code: 1 });
      expect(lastLine(json)).toMatchObject({ error: { code: 'internal', message: 'unforeseen' } });
    }
  });
});

describe('a read-only file system', () => {
  const namespace = mountingShell(home);
  const mounts = requireOrSkip(
    'A read-only file system',
    namespace !== undefined || process.platform !== 'linux',
    'unshare may not mount a tmpfs here',
  );

  test.runIf(mounts && namespace)('can be read, and refuses what would be written to it', async () => {
    const [out, other] = [temporaryFolder(), temporaryFolder()];
    const cli = `ROLLSCOPE_HOME='${other}' ROLLSCOPE_CACHE='${out}/cache' '${process.execPath}' '${CLI}'`;
    const script = [
      `mount -t tmpfs -o size=64m tmpfs '${out}'`,
      `${cli} train '${data}' --out '${out}' --name ro ${SHORT.join(' ')} > /dev/null 2>&1 || exit 9`,
      `mount -o remount,ro '${out}'`,
      ...['runs', 'show ro', 'analyze ro'].map((command) => `${cli} ${command} --out '${out}' > /dev/null || exit 8`),
      `${cli} train '${data}' --out '${out}' --name second ${SHORT.join(' ')}`,
    ].join('\n');
    const [program, ...flags] = namespace!;
    const ended = await new Program(program!, [...flags, 'sh', '-c', script]).ended;
    expect(ended, ended.stderr).toMatchObject({ code: 1, signal: null });
    expectError(ended);
    expect(ended.stderr).toMatch(/second.*EROFS/);
  });
});
