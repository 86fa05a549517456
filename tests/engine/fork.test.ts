/** Forks: a run that begins with another one's checkpoint, its settings, exact resume, refusals, and probes of a checkpoint. */
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { listCheckpoints } from '../../engine/journal/checkpoints.ts';
import type { ErrorCode, RunConfig } from '../../engine/protocol/index.ts';
import { resumeRun, startRun } from '../../engine/training/run/index.ts';
import { runCli, temporaryFolder } from '../support/processes.ts';
import { expectRefusal } from '../support/refusals.ts';
import { recordsOf } from '../support/run-outcome.ts';
import { UNCANCELED } from '../support/wait.ts';

const home = temporaryFolder();
const runs = path.join(home, 'runs');
const TINY = ['--steps', '4', '--batch', '4', '--votes', '4', '--group', '4', '--limit', '4', '--device', 'cpu'];

async function json(...args: string[]) {
  const { code, stdout, stderr } = await runCli([...args, '--json'], { home });
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout.trimEnd().split('\n').at(-1)!);
}

async function refuses(args: readonly string[], code: ErrorCode, facts: object): Promise<void> {
  const refused = await runCli([...args, '--json'], { home });
  expect(refused.code, refused.stderr).toBe(2);
  expectRefusal(JSON.parse(refused.stdout.trimEnd().split('\n').at(-1)!).error, code, { ...facts });
}

const fileOf = (run: string) => JSON.parse(readFileSync(path.join(runs, run, 'run.json'), 'utf8'));
const configOf = (run: string) => fileOf(run).config as RunConfig;
const bytesOf = (run: string, step: number, name = 'model.safetensors') =>
  readFileSync(path.join(runs, run, 'checkpoints', String(step), name));
/** What a run did, without times. */
const doneBy = (folder: string) =>
  recordsOf(folder)
    .filter(({ type }) => ['step', 'evaluation', 'group'].includes(type))
    .map((record) => {
      const { time: _, timing: __, seq: ___, ...rest } = record as unknown as Record<string, unknown>;
      return rest;
    });

beforeAll(async () => {
  const evaluated = [
    '--eval-samples',
    '2',
    '--eval-every',
    '2',
    '--checkpoint-every',
    '2',
    '--keep',
    '3',
    '--seed',
    '3',
  ];
  await json('train', ...TINY, ...evaluated, '--no-lora', '--name', 'parent');
});

describe('a fork', () => {
  test('starts from the checkpoint, keeps all settings except the given ones, and names its parent', async () => {
    const { status } = await json('fork', 'parent', '--step', '2', '--lr', '5e-5', '--name', 'child');
    expect(status).toBe('completed');
    const { parent, config } = fileOf('child');
    expect(parent).toEqual({ run: 'parent', folder: path.join(runs, 'parent'), step: 2 });
    const { steps, optimizer, ...same } = configOf('parent');
    expect(config).toEqual({ ...same, steps: steps - 2, optimizer: { ...optimizer, lr: 5e-5 } });
    expect(bytesOf('child', 0)).toEqual(bytesOf('parent', 2));
    const accuracy = (run: string, step: number) =>
      recordsOf(path.join(runs, run)).find((record) => record.type === 'evaluation' && record.step === step);
    expect(accuracy('child', 0)).toBeDefined();
    expect((await json('show', 'child')).parent).toEqual(parent);
    const { runs: listed } = await json('runs');
    expect(listed.find(({ run }: { run: string }) => run === 'child').parent).toEqual(parent);
  });

  test('with as many steps left trains like its parent at the same rate', async () => {
    await json('fork', 'parent', '--step', '4', '--name', 'all');
    expect(configOf('all').steps).toBe(4);
  });

  test('that is stopped resumes exactly, even if its parent is gone', async () => {
    const config = { ...configOf('child'), steps: 3 };
    const from = { folder: path.join(runs, 'parent'), step: 2 };
    const whole = path.join(home, 'whole');
    await (await startRun({ signal: UNCANCELED, config, folder: whole, from })).done;
    const cut = path.join(home, 'cut');
    const handle = await startRun({ signal: UNCANCELED, config, folder: cut, from });
    await handle.stop();
    const [first] = await listCheckpoints(cut);
    expect(first!.step).toBe(0);
    const end = await (await resumeRun({ signal: UNCANCELED, folder: cut })).done;
    expect(end).toMatchObject({ reason: 'completed' });
    expect(doneBy(cut)).toEqual(doneBy(whole));

    // Without its own first checkpoint it takes that of the parent.
    const again = path.join(home, 'again');
    const other = await startRun({ signal: UNCANCELED, config, folder: again, from });
    await other.stop();
    rmSync(path.join(again, 'checkpoints'), { recursive: true });
    await (await resumeRun({ signal: UNCANCELED, folder: again })).done;
    expect(doneBy(again)).toEqual(doneBy(whole));
  });

  test('is refused if the run has no such checkpoint, or if model or adapter would change', async () => {
    await refuses(['fork', 'parent', '--step', '3'], 'usage', { reason: 'no-checkpoint', step: 3 });
    await refuses(['fork', 'parent', '--lora', '4'], 'config', { reason: 'kept-by-fork', field: 'lora' });
    await refuses(['fork', 'parent', '--model', 'embedded:W'], 'config', { reason: 'kept-by-fork', field: 'model' });
    await refuses(['fork', 'nowhere'], 'run-not-found', { reason: 'unknown-run' });
    await refuses(['fork', 'parent', '--step', 'x'], 'usage', { reason: 'bad-value', field: '--step' });
  });

  test('is refused for a run of another engine', async () => {
    const other = path.join(runs, 'by-trl');
    cpSync(path.join(runs, 'parent'), other, { recursive: true });
    const file = fileOf('parent');
    const config = { ...file.config, engine: { kind: 'trl' } };
    writeFileSync(path.join(other, 'run.json'), JSON.stringify({ ...file, config }));
    await refuses(['fork', 'by-trl', '--step', '2'], 'usage', { reason: 'engine-has-no-forks', value: 'trl' });
  });

  test('of the last healthy checkpoint uses the last checkpoint if nothing is wrong', async () => {
    await json('fork', 'parent', '--step', 'healthy', '--steps', '1', '--name', 'healthy');
    expect(fileOf('healthy').parent.step).toBe(4);
  });
});

describe('a probe of a checkpoint', () => {
  test('samples with its weights: one problem, or a prompt', async () => {
    const id = configOf('parent').dataset.path === 'embedded' ? (await json('show', 'parent')).problems[0].id : '';
    const probed = await json('probe', '--checkpoint', 'parent', '--step', '2', '--id', id, '--name', 'probed');
    expect(probed.results).toHaveLength(1);
    expect(fileOf('probed').parent).toMatchObject({ run: 'parent', step: 2 });
    const { results } = await json('probe', '--checkpoint', 'parent', '--prompt', '1+2+3=', '--name', 'prompted');
    expect(results).toHaveLength(1);
    expect(existsSync(configOf('prompted').dataset.path)).toBe(true);
  });

  test('is refused without what it requires', async () => {
    await refuses(['probe', '--step', '2'], 'usage', { reason: 'option-needs-checkpoint' });
    await refuses(['probe', 'x.jsonl', '--prompt', '1+1='], 'usage', { reason: 'options-exclude' });
  });
});
