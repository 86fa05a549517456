/**
 * Run folders of an attacker, of another version or of a broken disk, in everything that opens one: each is read or
 * refused, the run next to it is still found, and nothing is shown of what is outside.
 */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { printError } from '../../engine/cli/output.ts';
import { createProgram } from '../../engine/cli/program.ts';
import { RollscopeError } from '../../engine/protocol/errors.ts';
import { TOOLS, toolResult } from '../../engine/protocol/tools.ts';
import { problemView } from '../../engine/runs/problem-view.ts';
import { ViewedRun } from '../../engine/view/viewed-run.ts';
import { HOSTILE_FOLDERS, SECRET } from '../support/hostile-folders.ts';
import { RAW } from '../support/hostile-run.ts';
import { keepPrinted } from '../support/printed.ts';
import { temporaryFolder } from '../support/processes.ts';
import { writeRunFixture } from '../support/run-fixture.ts';

const root = temporaryFolder();
const whole = path.join(root, 'whole');
const printed = keepPrinted();

beforeAll(async () => {
  process.env.ROLLSCOPE_HOME = path.join(root, 'home');
  await writeRunFixture(whole, { problems: 3, votes: 4, steps: 3, every: 1, outcome: 'stopped' });
});
afterAll(() => {
  delete process.env.ROLLSCOPE_HOME;
});

/** Runs a command in this process and returns what it printed; what is no RollscopeError is a bug. */
async function cli(...args: string[]): Promise<string> {
  const program = createProgram(() => {});
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({ writeErr: () => {}, outputError: () => {} });
  }
  printed.text = '';
  await program.parseAsync(args, { from: 'user' }).catch((error: unknown) => {
    if (!(error instanceof RollscopeError) || error.code === 'internal') throw error;
    printError(error, args.includes('--json'));
  });
  return printed.text;
}

const commands = (run: string, out: string): string[][] => [
  ['show', run],
  ['show', run, '--step', '2'],
  ['show', run, '--problem', 'sum-01'],
  ['show', run, '--problem', 'sum-01', '--rollout', '1'],
  ['runs'],
  ['analyze', run],
  ['find', run, '--regex', '.*'],
  ['compare', run, 'good'],
  ['rescore', run],
  ['note', run, 'a note'],
  ['note', run],
  ['show', run, '--report'],
  ...['jsonl', 'tensorboard', 'wandb', 'peft'].map((format) => [
    'export',
    run,
    '--format',
    format,
    '--out',
    path.join(out, format),
  ]),
  ['repair', run],
  ['show', `${run}-repaired`],
];
const WRITERS = new Set(['export']);
const JSON_TOO = new Set(['show', 'runs']);

test.each(Object.keys(HOSTILE_FOLDERS))('%s', async (name) => {
  const folder = path.join(root, name.replaceAll(' ', '-'));
  const runs = path.join(folder, 'runs');
  const outside = path.join(folder, 'outside');
  const run = path.join(runs, 'theirs');
  cpSync(whole, run, { recursive: true });
  cpSync(whole, path.join(runs, 'good'), { recursive: true });
  for (const made of [outside, path.join(folder, 'out')]) mkdirSync(made);
  writeFileSync(path.join(outside, 'secret.txt'), `${SECRET}\n${SECRET}\n`);
  HOSTILE_FOLDERS[name]!(run, outside);

  for (const args of commands(run, path.join(folder, 'out'))) {
    for (const json of JSON_TOO.has(args[0]!) ? [[], ['--json']] : [[]]) {
      const text = await cli(...args, ...(WRITERS.has(args[0]!) ? ['--runs', runs] : ['--out', runs]), ...json);
      const said = `${args.join(' ')}: ${text.slice(0, 2000)}`;
      expect(text, said).not.toContain(SECRET);
      expect(text, said).not.toMatch(RAW);
      expect(text, said).not.toMatch(/\b(?:NaN|undefined|\[object Object\]|Infinity)\b/);
      if (args[0] === 'runs') expect(text).toContain('good');
      if (json.length > 0 && text.startsWith('{')) tools(args[0]!, text);
    }
  }
  await panel(run);
  expect(readFileSync(path.join(outside, 'secret.txt'), 'utf8')).toBe(`${SECRET}\n${SECRET}\n`);
});

/** What agents are given of a command's result. */
function tools(command: string, text: string): void {
  const value = JSON.parse(text.trim().split('\n').at(-1)!) as Record<string, unknown>;
  if ('error' in value) return;
  for (const tool of TOOLS) {
    if (tool.args({ run: 'x', runs: ['x', 'y'], problem: 'p', rollout: 1, text: '' })?.[0] !== command || !tool.shape)
      continue;
    if (tool.name === 'list_problems' && !('problems' in value)) continue;
    expect(toolResult(tool.shape(value, {}))).not.toMatch(RAW);
  }
}

/** What the panel and the pages of `rollscope view` hold. */
async function panel(run: string): Promise<void> {
  const errors: unknown[] = [];
  const viewed = await ViewedRun.open(run, (error) => errors.push(error)).catch((error: unknown) => {
    if (!(error instanceof RollscopeError) || error.code === 'internal') throw error;
    return null;
  });
  const columns = viewed?.run?.columns;
  if (columns) for (const problem of columns.sampled) problemView(columns, problem);
  viewed?.dispose();
  for (const error of errors) expect(error).toBeInstanceOf(RollscopeError);
}
