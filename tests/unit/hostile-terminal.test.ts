/** What a hostile dataset or run makes commands print: every command is given one, and nothing raw reaches a stream. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { COMMANDS } from '../../engine/cli/catalog/index.ts';
import { printError } from '../../engine/cli/output.ts';
import { createProgram } from '../../engine/cli/program.ts';
import { ProgressView } from '../../engine/cli/progress.ts';
import { RollscopeError } from '../../engine/protocol/errors.ts';
import { hostile, hostileDataset, RAW, writeHostileRun } from '../support/hostile-run.ts';
import { keepPrinted } from '../support/printed.ts';
import { ROOT, temporaryFolder } from '../support/processes.ts';

const home = temporaryFolder();
const runs = path.join(home, 'runs');
const run = path.join(runs, 'theirs');
const dataset = path.join(home, 'problems.jsonl');
const lines = path.join(home, 'lines.jsonl');
const broken = path.join(home, `${hostile('broken').replaceAll('/', '')}.jsonl`);
const groups = path.join(home, 'groups.jsonl');
const config = path.join(home, 'config.json');
const printed = keepPrinted();

beforeAll(async () => {
  process.env.ROLLSCOPE_HOME = home;
  // A cache of models that others filled.
  const hub = path.join(home, 'hub');
  process.env.HF_HUB_CACHE = hub;
  const snapshot = path.join(hub, `models--${hostile('owner').replaceAll('/', '')}--name`, 'snapshots', 'a');
  mkdirSync(snapshot, { recursive: true });
  for (const name of ['config.json', 'model.safetensors']) writeFileSync(path.join(snapshot, name), 'x');
  await writeHostileRun(run);
  writeFileSync(dataset, hostileDataset());
  const text = hostile('The answer is \\boxed{5}.');
  const row = {
    id: hostile('id'),
    problem: hostile('p'),
    response: text,
    prediction: text,
    text,
    rollout: 1,
    step: 1,
    reward: 1,
    answer: text,
    reference: text,
    responses: [text],
  };
  writeFileSync(lines, `${JSON.stringify(row)}\n{"${hostile('broken').replaceAll('\\', '')}\n`);
  const group = { problem: { text, answer: text }, responses: [`\\boxed{${hostile('answer')}}`, text] };
  writeFileSync(groups, `${JSON.stringify(group)}\n`);
  writeFileSync(broken, `{"${hostile('key').replaceAll('\\', '')}": \n`);
  writeFileSync(config, JSON.stringify({ [hostile('reward')]: hostile('value') }));
});

afterAll(() => {
  delete process.env.ROLLSCOPE_HOME;
  delete process.env.HF_HUB_CACHE;
});

/** Runs a command in this process; what it throws is printed as the program prints it. */
async function cli(...args: string[]): Promise<void> {
  const program = createProgram(() => {});
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({ writeErr: () => {}, outputError: () => {} });
  }
  await program
    .parseAsync(args, { from: 'user' })
    .catch((error: unknown) => printError(error, args.includes('--json')));
}

const PROBLEM = ['--problem', 'plain'];
const USES: Record<string, string[][]> = {
  train: [
    [broken],
    [dataset, '--model', path.join(home, hostile('model'))],
    [dataset, '--reward', hostile('reward')],
    ['--config', config],
  ],
  job: [['--for', 'verl', '--out', path.join(home, 'job'), broken]],
  probe: [[broken], [`${hostile('owner').replaceAll('/', '')}/name`, '--offline']],
  experiment: [[hostile('name')]],
  resume: [[run], [hostile('run')]],
  runs: [[]],
  show: [[run], [run, ...PROBLEM], [run, ...PROBLEM, '--rollout', '1'], [run, '--problem', hostile('none')]],
  analyze: [[run]],
  rescore: [[run], [run, ...PROBLEM]],
  compare: [
    [run, run],
    [run, hostile('run')],
  ],
  find: [
    [run, 'answer'],
    [hostile('run'), 'answer'],
  ],
  fork: [[run], [hostile('run')]],
  note: [[run, hostile('note')], [run, '--pin'], [hostile('run')]],
  models: [[]],
  report: [[hostile('run')]],
  view: [[hostile('run')]],
  statistics: [
    [run, '--score-with', 'embedded'],
    [hostile('unknown'), '--score-with', 'embedded'],
  ],
  export: [[run, '--format', 'jsonl', '--out', path.join(home, hostile('out').replaceAll('/', ''))]],
  import: [[lines, '--name', 'again'], [broken]],
  repair: [[run], [hostile('run')]],
  grade: [[lines], [broken]],
  vote: [[lines], [broken]],
  score: [[groups], [broken]],
};

test('every command that reads what others wrote is tested', () => {
  expect([...Object.keys(USES), 'doctor', 'serve', 'mcp'].sort()).toEqual(COMMANDS.map(({ name }) => name).sort());
});

test.each(Object.keys(USES))('%s', async (name) => {
  let all = '';
  for (const args of USES[name]!) {
    for (const json of [[], ['--json']]) {
      const takesRuns = !['grade', 'vote', 'score', 'job', 'models'].includes(name);
      const places = takesRuns ? [args.includes('--out') ? '--runs' : '--out', runs] : [];
      printed.text = '';
      await cli(name, ...args, ...places, ...json);
      expect(printed.text).not.toMatch(RAW);
      all += printed.text;
    }
  }
  // It was there, and was escaped.
  expect(all).toMatch(/␛|\\u001b|\\\\u001b/);
});

test('errors, their hints and their stacks', () => {
  for (const json of [false, true]) {
    printError(new RollscopeError('model', hostile('message'), hostile('hint')), json);
    printError(new Error(hostile('bug')), json);
  }
  expect(printed.text).toContain('message␛]0;owned␇');
  expect(printed.text).not.toMatch(RAW);
});

test('progress lines contain only our own control sequences', () => {
  let text = '';
  const view = new ProgressView({ write: (more: string) => (text += more), isTTY: true, columns: 40 });
  view.record({
    type: 'warning',
    seq: 1,
    time: '',
    code: 'model',
    step: null,
    problem: null,
    message: hostile('warning'),
  });
  view.note(hostile('note'));
  view.end();
  expect(text).toContain('warning␛');
  expect(text).not.toMatch(RAW);
});

test('only the terminal layer writes to a stream', () => {
  const files = readdirSync(path.join(ROOT, 'engine'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `engine/${name.replaceAll(path.sep, '/')}`);
  const writes = /process\.std(?:out|err)\.write|(?<!\.)\bconsole\.(?:log|error|warn|info)\(/;
  // Programs of their own, whose output another program reads.
  const programs = ['runtime/probe', 'runtime/tfjs', 'external/custom', 'experiments/embedded/pretrain'];
  const found = files.filter((name) => writes.test(readFileSync(path.join(ROOT, name), 'utf8')));
  const own = found.filter((name) => !programs.some((program) => name === `engine/${program}.ts`));
  expect(own).toEqual(['engine/cli/terminal.ts']);
});
