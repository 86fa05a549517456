/** Runs resume from what is stored: those of older formats, and prompts as the model got them on another day. */
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { readGroup } from '../../engine/journal/groups.ts';
import { readPrompts, readRunFile, readRunFolder } from '../../engine/journal/reader.ts';
import { REPLAY_DIVERGED } from '../../engine/journal/replay.ts';
import { type JournalRecord, RUN_FORMAT } from '../../engine/protocol/index.ts';
import { ROOT, runCli, temporaryFolder } from '../support/processes.ts';
import { recordsOf } from '../support/run-outcome.ts';

const FIXTURES = path.join(ROOT, 'tests', 'fixtures');

describe('a stopped run of format 2', () => {
  // biome-ignore lint/suspicious/noExplicitAny: records of the old format.
  const expected: any[] = readFileSync(path.join(FIXTURES, 'run-format2-stopped-resumed.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

  test.each([
    ['from its last checkpoint', () => {}],
    ['from an earlier one, over records that it makes again', (folder: string) => removeCheckpoint(folder, 3)],
  ])('is resumed %s as the version that started it would have resumed it', async (_, prepare) => {
    const home = temporaryFolder();
    const folder = path.join(home, 'runs', 'old');
    cpSync(path.join(FIXTURES, 'run-format2-stopped'), folder, { recursive: true });
    prepare(folder);
    const ended = await runCli(['resume', 'old', '--json'], { home });
    expect(ended, ended.stderr).toMatchObject({ code: 0 });

    const { runFile, records } = await readRunFolder(folder);
    expect(runFile.format).toBe(RUN_FORMAT);
    expect((await readPrompts(folder))![1]).toEqual({ problem: 1, text: '1+6+6+4+6+7=', tokens: expect.any(Array) });
    const made = records.filter(isWork).slice(-expected.length);
    expect(made.map(({ type }) => type)).toEqual(expected.map(({ type }) => type));
    for (const [i, record] of made.entries()) {
      const { rollouts, clusters: _, majority, ...old } = expected[i];
      if (record.type !== 'group') {
        expect(record).toMatchObject(near(old) as object);
        continue;
      }
      const detail = await readGroup(folder, record);
      expect(record).toMatchObject({
        phase: old.phase,
        step: old.step,
        problem: old.problem,
        majority: near(majority),
      });
      // biome-ignore lint/suspicious/noExplicitAny: as above.
      expect(detail.rollouts).toMatchObject(rollouts.map((rollout: any) => near(rollout)));
    }
  });
});

describe('a chat template that prints the date', () => {
  const FEW = ['--steps', '3', '--batch', '2', '--limit', '2', '--votes', '2', '--group', '2', '--eval-samples', '0'];
  const OPTIONS = ['--max-tokens', '12', '--checkpoint-every', '1', '--keep', '9', '--device', 'cpu', '--name', 'r'];

  /** A run of three steps, whose prompts begin with the day of the month. */
  async function trained(home: string, ...options: string[]): Promise<string> {
    const model = path.join(home, 'model');
    cpSync(path.join(ROOT, 'engine', 'embedded', 'model'), model, { recursive: true });
    const config = path.join(model, 'tokenizer_config.json');
    const template = "{{ strftime_now('%d') }}+{{ messages[-1]['content'] }}";
    writeFileSync(config, JSON.stringify({ ...JSON.parse(readFileSync(config, 'utf8')), chat_template: template }));
    const args = ['train', 'embedded', '--model', model, '--template', '{{problem}}', ...FEW, ...OPTIONS, ...options];
    const begun = await runCli(args, { home });
    expect(begun, begun.stderr).toMatchObject({ code: 0 });
    return path.join(home, 'runs', 'r');
  }

  /** Takes the run back to its first step. */
  function interrupt(folder: string): void {
    const events = path.join(folder, 'events.jsonl');
    writeFileSync(events, readFileSync(events, 'utf8').replace(/\{"type":"end".*\n$/, ''));
    for (const step of [2, 3]) removeCheckpoint(folder, step);
  }

  function expectSameReplay(folder: string): void {
    const warnings = recordsOf(folder).flatMap((record) => (record.type === 'warning' ? [record.code] : []));
    expect(warnings).not.toContain(REPLAY_DIVERGED);
    expect(recordsOf(folder).at(-1)).toMatchObject({ type: 'end', reason: 'completed' });
  }

  test('gives a resumed run the prompts of the day on which it was created', async () => {
    const home = temporaryFolder();
    const folder = await trained(home);
    const prompts = await readPrompts(folder);
    const day = prompts![0]!.text.slice(0, 2);
    expect(prompts!.map(({ text }) => text)).toEqual([`${day}+5+2+5=`, `${day}+1+6+6+4+6+7=`]);
    expect((await readRunFile(folder)).origin).toMatchObject({ engine: 'rollscope', files: [] });

    interrupt(folder);
    // Prompts that are stored are used as they are, whatever the day.
    const other = new Date('2001-02-03T04:05:06Z').toISOString();
    const runFile = path.join(folder, 'run.json');
    const stored = readFileSync(runFile, 'utf8');
    writeFileSync(runFile, JSON.stringify({ ...JSON.parse(stored), created: other }));
    const resumed = await runCli(['resume', 'r'], { home });
    expect(resumed, resumed.stderr).toMatchObject({ code: 0 });
    expect(await readPrompts(folder)).toEqual(prompts);
    expectSameReplay(folder);

    // Where they are not, as in older runs, the day of the run is taken, not today.
    rmSync(path.join(folder, 'prompts.jsonl'));
    const events = path.join(folder, 'events.jsonl');
    writeFileSync(events, readFileSync(events, 'utf8').replace(/\{"type":"end".*\n$/, ''));
    expect(await runCli(['resume', 'r'], { home })).toMatchObject({ code: 0 });
    expect((await readPrompts(folder))!.map(({ text }) => text.slice(0, 2))).toEqual(['03', '03']);
  });

  test('prompts the judge of a run that is resumed on another day with the same tokens', async () => {
    const home = temporaryFolder();
    const folder = await trained(home, '--reward', 'self-verification', '--judge-samples', '4');
    interrupt(folder);
    // Another day of the month, whatever today is.
    const clock = path.join(ROOT, 'tests', 'support', 'moved-clock.cjs');
    const env = { NODE_OPTIONS: `--require ${clock}`, CLOCK_DAYS: '40' };
    const resumed = await runCli(['resume', 'r'], { home, env });
    expect(resumed, resumed.stderr).toMatchObject({ code: 0 });
    const times = recordsOf(folder).map(({ time }) => Date.parse(time));
    expect(times.at(-1)! - times[0]!).toBeGreaterThan(39 * 24 * 60 * 60 * 1000);
    expectSameReplay(folder);
  });
});

function removeCheckpoint(folder: string, step: number): void {
  rmSync(path.join(folder, 'checkpoints', String(step)), { recursive: true });
}

function isWork({ type }: JournalRecord): boolean {
  return !['lifecycle', 'checkpoint', 'end', 'warning', 'run'].includes(type);
}

/** The same value, but for the last digits of its numbers: another machine may round in another way. */
function near(value: unknown): unknown {
  if (typeof value === 'number') return Number.isInteger(value) ? value : expect.closeTo(value, 4);
  if (Array.isArray(value)) return value.map(near);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, near(part)]));
}
