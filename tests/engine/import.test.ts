/** `rollscope import` as a program: large dumps are judged by threads next to the one that reads, and give the same run. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { readRunFolder } from '../../engine/journal/reader.ts';
import { importFrom } from '../support/import.ts';
import { isAlive, runCli, startCli, temporaryFolder } from '../support/processes.ts';
import { until } from '../support/wait.ts';

const home = temporaryFolder();

/** A dump of verl: per step 64 problems with 8 rollouts of 2,000 characters each. */
function writeDump(folder: string, steps: number): string {
  mkdirSync(folder, { recursive: true });
  for (let step = 1; step <= steps; step++) writeFileSync(path.join(folder, `${step}.jsonl`), stepOf(step));
  return folder;
}

function stepOf(step: number): string {
  const row = (problem: number, rollout: number) => ({
    input: `user\nWhat is ${problem} + ${step % 3}?\nassistant\n`,
    output: `${'Let us think about it. '.repeat(90)}\\boxed{${problem + ((rollout * step) % 3)}}`,
    gts: `${problem + (step % 3)}`,
    score: rollout % 2,
    step,
  });
  const rows = Array.from({ length: 512 }, (_, i) => row(i >> 3, i % 8));
  return rows.map((item) => `${JSON.stringify(item)}\n`).join('');
}

async function saidBy(folder: string): Promise<unknown[]> {
  const { records } = await readRunFolder(folder);
  return records.map(({ time: _, ...rest }) => rest);
}

describe('a large dump', () => {
  test('gives the same run, byte by byte, as an import on a single thread', async () => {
    const dump = writeDump(path.join(home, 'large'), 8);
    const ended = await runCli(['import', dump, '--name', 'threads', '--json', '--progress'], { home });
    expect(ended.code, ended.stderr).toBe(0);
    const lines = ended.stdout.trimEnd().split('\n');
    const report = JSON.parse(lines.at(-1)!) as { folder: string };
    expect(report).toMatchObject({ steps: 8, rollouts: 4096, problems: 192, faults: 0 });
    const once = await importFrom(dump, path.join(home, 'one-thread'));
    expect(await saidBy(report.folder)).toEqual(await saidBy(once.folder));
    for (const file of ['rollouts-000.bin', 'problems.jsonl', 'prompts.jsonl']) {
      expect(
        readFileSync(path.join(report.folder, file)).equals(readFileSync(path.join(once.folder, file))),
        file,
      ).toBe(true);
    }
  });
});

describe('a program that reads the progress', () => {
  test('is notified of each step, and ends the import when it exits', async () => {
    const dump = writeDump(path.join(home, 'growing'), 2);
    const program = startCli(['import', dump, '--follow', '--name', 'followed', '--json', '--progress'], { home });
    const steps = () =>
      Math.max(0, ...[...program.stdout.matchAll(/"steps":(\d+)/g)].map(([, count]) => Number(count)));
    await until('two steps', () => steps() === 2);
    writeFileSync(path.join(dump, '3.jsonl'), stepOf(3));
    await until('the third step', () => steps() === 3);
    program.closeOutput();
    await until('its end', () => !isAlive(program.pid));
    const { records } = await readRunFolder(path.join(home, 'runs', 'followed'));
    expect(records.at(-1)).toMatchObject({ type: 'end', reason: 'stopped', step: 3 });
  });
});
