import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { beforeAll, describe, expect, test } from 'vitest';
import { EXPORT_FORMATS } from '../../engine/cli/export-formats.ts';
import { createProgram } from '../../engine/cli/program.ts';
import { readSafetensorsIndex } from '../../engine/model/safetensors.ts';
import { DoctorReport, EngineAddress, type ErrorCode, RunConfig, RunInfo } from '../../engine/protocol/index.ts';
import { VERSION } from '../../engine/protocol/version.ts';
import { createClient, type EngineClient } from '../../engine/server/connection.ts';
import { listEngines } from '../../engine/server/discovery.ts';
import { EMBEDDED_MODEL } from '../support/crafted-models.ts';
import {
  CLI,
  type Ended,
  isAlive,
  type Program,
  ROOT,
  runCli,
  startCli,
  temporaryFolder,
} from '../support/processes.ts';
import { expectRefusal } from '../support/refusals.ts';
import { checkpointsOf, expectSameOutcome, outcomeOf, recordsOf } from '../support/run-outcome.ts';
import { until } from '../support/wait.ts';
import { expectWords } from '../support/wording.ts';

const home = temporaryFolder();
const runsFolder = path.join(home, 'runs');
const cli = (...args: string[]) => runCli(args, { home });

/** The object that --json promises: the last line of stdout, and for most commands the only one. */
function objectOf(ended: Ended, lines = 1): Record<string, unknown> {
  const found = ended.stdout.trimEnd().split('\n');
  expect(found, ended.stderr).toHaveLength(lines);
  return JSON.parse(found.at(-1)!) as Record<string, unknown>;
}

async function ok(...args: string[]): Promise<Ended> {
  const ended = await cli(...args);
  expect(ended, ended.stderr).toMatchObject({ code: 0, signal: null });
  return ended;
}

const json = async (...args: string[]) => objectOf(await ok(...args, '--json'));

/** Expects that a command is refused with this code and these facts. */
async function refuses(args: readonly string[], code: ErrorCode, facts: object): Promise<void> {
  const refused = await cli(...args, '--json');
  expect(refused.code, refused.stderr).toBe(2);
  expectRefusal(objectOf(refused).error, code, { ...facts });
}

const TINY = ['--device', 'cpu', '--steps', '4', '--batch', '8', '--votes', '4', '--group', '4', '--limit', '12'];
const EVALUATED = ['--eval-samples', '3', '--eval-limit', '6', '--checkpoint-every', '2', '--seed', '3'];

const SUMMARY = ['run', 'folder', 'status', 'steps', 'before', 'after'];
const MEASURED = ['rolloutTokensPerSecond', 'peakMemoryBytes', 'seconds'];
const EVALUATION = [
  ...[
    'step',
    'problems',
    'sampledFrom',
    'samples',
    'accuracy',
    'accuracyInterval',
    'majorityAccuracy',
    'majorityAccuracyInterval',
  ],
  ...['greedyAccuracy', 'greedyAccuracyInterval', 'passAtK', 'passAtKInterval', 'majorityShare', 'entropy', 'length'],
  ...['answerEntropy', 'repetition', 'truncated', 'noAnswer'],
];

const COMMANDS = [
  ...['train', 'job', 'probe', 'experiment', 'resume', 'fork', 'runs', 'show', 'view', 'find', 'note'],
  ...['analyze', 'rescore', 'compare', 'report', 'export', 'import', 'statistics', 'repair'],
  ...['grade', 'vote', 'score', 'doctor', 'models', 'serve', 'mcp'],
];

describe('help', () => {
  const reference = flat(readFileSync(path.join(ROOT, 'docs', 'cli.md'), 'utf8'));

  /** The width of lines is the terminal's. */
  function flat(text: string): string {
    return text.replace(/\s+/g, ' ').trim();
  }

  test('exists for every command, as documented', async () => {
    expect(createProgram(() => {}).commands.map((command) => command.name())).toEqual(COMMANDS);
    const asked = [[], ...COMMANDS.map((command) => [command])];
    for (const command of asked) {
      const ended = await ok(...command, '--help');
      expect(ended.stderr).toBe('');
      expect(reference).toContain(flat(ended.stdout));
    }
    expect((await ok('help', 'train')).stdout).toBe((await ok('train', '--help')).stdout);
    expect(flat((await ok()).stdout)).toBe(flat((await ok('--help')).stdout));
    expect((await ok('--version')).stdout).toBe(`${VERSION}\n`);
  });
});

describe('train and the commands after it', () => {
  let trained: Record<string, unknown>;
  let ended: Ended;
  const folder = path.join(runsFolder, 'first');

  beforeAll(async () => {
    ended = await ok('train', '--name', 'first', ...TINY, ...EVALUATED, '--json');
    trained = objectOf(ended);
    await ok(
      'train',
      '--name',
      'second',
      ...TINY,
      '--lora',
      '4',
      '--lr',
      '1e-2',
      '--eval-samples',
      '1',
      '--eval-limit',
      '6',
      '--eval-draw',
      'first',
    );
  });

  test('train --json prints one object, and everything else on stderr', () => {
    expect(Object.keys(trained)).toEqual([...SUMMARY, ...MEASURED.slice(0, -1), 'forecast', 'seconds']);
    expect(trained.forecast).toMatchObject({ problems: 6, brier: { mean: expect.any(Number) } });
    expect(trained).toMatchObject({ run: 'first', folder, status: 'completed', steps: 4 });
    for (const [name, step] of [
      ['before', 0],
      ['after', 4],
    ] as const) {
      const evaluation = trained[name] as Record<string, unknown>;
      expect(Object.keys(evaluation)).toEqual(EVALUATION);
      expect(evaluation).toMatchObject({ step, problems: 6, sampledFrom: 12, samples: 3 });
      const [low, high] = evaluation.accuracyInterval as [number, number];
      expect(low).toBeLessThanOrEqual(evaluation.accuracy as number);
      expect(high).toBeGreaterThanOrEqual(evaluation.accuracy as number);
    }
    for (const name of MEASURED) expect(trained[name], name).toBeGreaterThan(0);
    expect(ended.stderr).toMatch(/^step 4\/4 /m);
  });

  test('train prints its summary on stdout and its progress on stderr', async () => {
    const plain = await ok(
      'train',
      ...TINY,
      '--eval-samples',
      '1',
      '--eval-limit',
      '4',
      '--out',
      path.join(home, 'elsewhere'),
    );
    expect(plain.stdout).not.toMatch(/^step 4\/4/m);
    expect(plain.stderr).toMatch(/^step 4\/4/m);
    const [name] = readdirSync(path.join(home, 'elsewhere'));
    expect(name).toMatch(/^majority-vote-embedded-\d{8}-\d{6}$/);
    // The command that it proposes works.
    const proposed = /rollscope (show \S+)$/m.exec(plain.stdout)![1]!.split(' ');
    expect(await json(...proposed)).toMatchObject({ status: 'completed' });
  });

  test("--config accepts the config of a run's run.json, and gives the same run", async () => {
    const { config } = JSON.parse(readFileSync(path.join(folder, 'run.json'), 'utf8'));
    const file = path.join(home, 'config.json');
    writeFileSync(file, JSON.stringify(config));
    const place = path.join(home, 'again');
    await ok('train', '--config', file, '--out', place, '--name', 'first');
    expectSameOutcome(outcomeOf(path.join(place, 'first')), outcomeOf(folder));
    await ok('train', '--config', file, '--steps', '1', '--out', place, '--name', 'shorter');
    expect(recordsOf(path.join(place, 'shorter')).at(-1)).toMatchObject({ type: 'end', step: 1 });
  });

  test('runs lists them, the latest first', async () => {
    const { folder: where, runs } = (await json('runs')) as { folder: string; runs: RunInfo[] };
    expect(where).toBe(runsFolder);
    expect(runs.map((run) => RunInfo.parse(run).run)).toEqual(['second', 'first']);
    expect(runs[1]).toMatchObject({
      job: 'train',
      status: 'completed',
      step: 4,
      steps: 4,
      reward: 'majority-vote',
      folder,
    });
    expect(runs[1]!.accuracyAfter).toBe((trained.after as { accuracy: number }).accuracy);
    expect((await ok('runs')).stdout).toMatch(/^second +train +completed +4\/4/m);
    const empty = path.join(home, 'none');
    expect(objectOf(await ok('runs', '--out', empty, '--json'))).toEqual({ folder: empty, total: 0, runs: [] });
    const newest = (await json('runs', '--limit', '1')) as { total: number; runs: RunInfo[] };
    expect(newest).toMatchObject({ total: runs.length, runs: [{ run: runs[0]!.run }] });
    expect(newest.runs).toHaveLength(1);
    const page = (await ok('runs', '--limit', '1')).stdout;
    expect(page).not.toContain(`\n${runs[1]!.run} `);
    expect(page).toMatch(/^\d+ runs, the newest 1 shown/m);
    expect((await ok('runs', '--all')).stdout).toContain(`\n${runs.at(-1)!.run} `);
    await refuses(['runs', '--all', '--limit', '1'], 'usage', { reason: 'conflict', options: ['--all', '--limit'] });
  });

  test('show shows a run by its name, its folder, or latest', async () => {
    const shown = await json('show', 'first');
    const { before, after, steps } = trained;
    expect(shown).toMatchObject({ run: 'first', status: 'completed', steps, before, after });
    expect((shown.series as { step: number[] }).step).toEqual([1, 2, 3, 4]);
    expect(shown.problems).toHaveLength(12);
    expect(await json('show', folder)).toEqual(shown);
    expect(await json('show', 'first', '--out', runsFolder)).toEqual(shown);
    expect(await json('show', 'latest')).toMatchObject({ run: 'second' });
    const { stdout } = await ok('show', 'first');
    for (const value of ['first', folder, 'chain-001']) expect(stdout).toContain(value);
  });

  test('show shows a problem and a rollout, at the last step or another one', async () => {
    const group = recordsOf(folder).findLast((record) => {
      // One of the problems that were evaluated as well.
      return record.type === 'group' && record.phase === 'train' && record.problem < 6;
    });
    if (group?.type !== 'group') throw new Error('the run has no groups');
    const problems = (await json('show', 'first')).problems as { id: string; index: number }[];
    const { id } = problems.find(({ index }) => index === group.problem)!;
    const step = ['--step', `${group.step - 1}`];

    const problem = await json('show', 'first', '--problem', id);
    expect(problem).toMatchObject({ problem: { id }, clusters: expect.any(Array) });
    const early = await json('show', 'first', '--problem', id, '--step', '0');
    expect(early).toMatchObject({ phase: 'evaluation', step: 0 });
    if (group.step > 1) expect((await json('show', 'first', '--problem', id, ...step)).step).toBeLessThan(group.step);

    const rollouts = problem.rollouts as { rollout: number; text: string; answer: string | null }[];
    // Counted from 1, in clusters as well.
    expect(rollouts.map(({ rollout }) => rollout)).toEqual(rollouts.map((_, i) => i + 1));
    const clusters = problem.clusters as { members: number[] }[];
    const answered = rollouts.flatMap(({ rollout, answer }) => (answer === null ? [] : rollout));
    expect(clusters.flatMap(({ members }) => members).sort((a, b) => a - b)).toEqual(answered);
    const rollout = await json('show', 'first', '--problem', id, '--rollout', '1');
    // Counted from 1.
    expect(rollout).toMatchObject({ rollout: 1, text: rollouts[0]!.text, answer: rollouts[0]!.answer });
    const texts = rollout.tokenTexts as string[];
    expect(texts.join('')).toBe(rollout.text);
    expect(rollout.tokenLogprobs).toHaveLength(texts.length);
    expect(rollout.tokenEntropies).toHaveLength(texts.length);
    const said = await ok('show', 'first', '--problem', id, '--rollout', '1');
    expect(said.stdout).toContain(rollouts[0]!.text);

    const bad = (field: string, value: unknown, more: object = {}) => ({ reason: 'bad-value', field, value, ...more });
    for (const [args, facts] of [
      [['--problem', 'nobody'], { reason: 'unknown-problem', field: '--problem', value: 'nobody' }],
      [['--problem', id, '--rollout', '99'], bad('--rollout', 99, { most: rollouts.length })],
      [['--problem', id, '--rollout', '0'], bad('--rollout', 0, { most: rollouts.length })],
      [['--rollout', '0'], { reason: 'option-needs-problem', field: '--rollout' }],
      [['--problem', id, '--step', 'x'], bad('--step', 'x')],
    ] as const) {
      await refuses(['show', 'first', ...args], 'usage', facts);
    }
  });

  test('resume says that a completed run is complete', async () => {
    await refuses(['resume', 'first'], 'usage', { reason: 'complete', run: 'first' });
  });

  describe('export', () => {
    const out = (name: string) => path.join(home, 'exported', name);
    const exported = (run: string, format: string, ...more: string[]) =>
      json('export', run, '--format', format, '--out', out(`${run}-${format}`), ...more);
    const rollouts = () =>
      recordsOf(folder).reduce((sum, record) => sum + (record.type === 'group' ? record.rollouts : 0), 0);

    beforeAll(() => {
      mkdirSync(out(''), { recursive: true });
    });

    test('to peft writes the adapter; a run of all weights has none', async () => {
      expect(await exported('second', 'peft')).toEqual({
        run: 'second',
        format: 'peft',
        path: out('second-peft'),
        step: 4,
      });
      const config = JSON.parse(readFileSync(path.join(out('second-peft'), 'adapter_config.json'), 'utf8'));
      expect(config).toMatchObject({ peft_type: 'LORA', r: 4 });
      const { tensors } = await readSafetensorsIndex(path.join(out('second-peft'), 'adapter_model.safetensors'));
      const name = 'base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight';
      expect(tensors.get(name)?.shape).toEqual([4, 64]);
      const args = ['export', 'first', '--format', 'peft', '--out', out('none')];
      await refuses(args, 'usage', { reason: 'no-adapter', run: 'first' });
      expect(existsSync(out('none'))).toBe(false);
    });

    test.each(['first', 'second'])(
      'to safetensors writes a model that answers like the run %s at its end',
      async (run) => {
        await exported(run, 'safetensors');
        const greedy = recordsOf(path.join(runsFolder, run)).flatMap((record) =>
          record.type === 'group' && record.phase === 'greedy' && record.step === 4
            ? [[record.problem, record.majority?.answer ?? null] as const]
            : [],
        );
        expect(greedy).toHaveLength(6);
        // The first run was evaluated on a sample of the twelve problems.
        const probing = [
          '--limit',
          '12',
          '--votes',
          '1',
          '--temperature',
          '0',
          '--max-tokens',
          '40',
          '--device',
          'cpu',
        ];
        const model = ['--model', out(`${run}-safetensors`), '--template', '{{prompt}}', '--out', home];
        const { results } = (await json('probe', ...model, ...probing)) as {
          results: { index: number; majority: string | null }[];
        };
        const answers = results.map(({ index, majority }) => [index, majority] as const);
        expect(answers).toEqual(expect.arrayContaining(greedy));
      },
    );

    test('to jsonl and parquet writes the same rows, one per rollout', async () => {
      expect(await exported('first', 'jsonl')).toMatchObject({ rollouts: rollouts() });
      const lines = readFileSync(out('first-jsonl'), 'utf8').trimEnd().split('\n');
      const rows = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
      expect(rows).toHaveLength(rollouts());
      expect(rows[0]).toMatchObject({ step: 0, phase: 'evaluation', problemId: expect.stringMatching(/^chain-/) });
      expect(rows[0]).not.toHaveProperty('tokenIds');
      await exported('first', 'parquet');
      const table = await parquetReadObjects({ file: await asyncBufferFromFile(out('first-parquet')) });
      expect(table).toHaveLength(rows.length);
      for (const field of ['problemId', 'text', 'answer', 'reward', 'phase']) {
        expect(table.map((row) => row[field] ?? null)).toEqual(rows.map((row) => row[field] ?? null));
      }
    });

    test.each(['jsonl', 'parquet'])('to %s writes what grade and vote read', async (format) => {
      await exported('first', 'jsonl');
      const file = path.join(home, `rollouts.${format}`);
      await ok('export', 'first', '--format', format, '--out', file);
      const rows = readFileSync(out('first-jsonl'), 'utf8').trimEnd().split('\n');
      const expected = rows.map((line) => JSON.parse(line) as Record<string, unknown>);
      const graded = (await ok('grade', file, '--strict')).stdout.trimEnd().split('\n');
      expect(graded).toHaveLength(expected.length);
      graded.forEach((line, i) => {
        const { problemId: id, step, phase, rollout, correct, answer } = expected[i]!;
        expect(JSON.parse(line)).toEqual({ id, step, phase, rollout, equal: correct, extracted: answer });
      });
      const voted = (await ok('vote', file, '--strict')).stdout.trimEnd().split('\n');
      const groups = new Map(expected.map((row) => [`${row.step} ${row.phase} ${row.problemId}`, row]));
      expect(voted).toHaveLength(groups.size);
      for (const line of voted) {
        const { id, step, phase, majority } = JSON.parse(line) as Record<string, unknown>;
        expect(majority).toBe(groups.get(`${step} ${phase} ${id}`)!.majorityAnswer);
      }
    });

    test('to jsonl with --per-token adds the tokens', async () => {
      await exported('first', 'jsonl', '--per-token');
      const [line] = readFileSync(out('first-jsonl'), 'utf8').split('\n');
      const row = JSON.parse(line!) as { tokens: number; tokenIds: number[]; tokenLogprobs: number[] };
      expect(row.tokenIds).toHaveLength(row.tokens);
      expect(row.tokenLogprobs).toHaveLength(row.tokens);
    });

    test('to tensorboard writes an event file', async () => {
      const { path: file, scalars } = await exported('first', 'tensorboard');
      expect(path.basename(file as string)).toMatch(/^events\.out\.tfevents\./);
      const bytes = readFileSync(file as string);
      let records = 0;
      for (let at = 0; at < bytes.length; at += 16 + Number(bytes.readBigUInt64LE(at))) records++;
      // The first record says the version.
      expect(records).toBe((scalars as number) + 1);
      expect(bytes.includes('train/proxyReward')).toBe(true);
    });

    test('requires a format and a path', async () => {
      const allowed = Object.keys(EXPORT_FORMATS);
      for (const [args, facts] of [
        [['--format', 'onnx', '--out', out('x')], { reason: 'bad-value', field: '--format', value: 'onnx', allowed }],
        [['--format', 'peft'], { reason: 'missing-option', field: expect.stringContaining('--out') }],
        [['--out', out('x')], { reason: 'missing-option', field: expect.stringContaining('--format') }],
      ] as const) {
        await refuses(['export', 'first', ...args], 'usage', facts);
      }
    });
  });
});

describe('probe', () => {
  test('samples the problems without training, as text and as JSON', async () => {
    const place = path.join(home, 'probes');
    const options = ['--votes', '4', '--device', 'cpu', '--seed', '2', '--out', place];
    const plain = await ok('probe', '--limit', '5', ...options);
    expect(plain.stdout.match(/^chain-\d+ /gm)).toHaveLength(5);
    const result = await json('probe', '--id', 'chain-003', '--id', 'chain-001', ...options, '--name', 'two');
    expect(result).toMatchObject({ run: 'two', status: 'completed', problems: 2, folder: path.join(place, 'two') });
    const results = result.results as { id: string; rollouts: number; clusters: { count: number }[] }[];
    expect(results.map(({ id }) => id).sort()).toEqual(['chain-001', 'chain-003']);
    for (const { rollouts, clusters } of results) {
      expect(rollouts).toBe(4);
      expect(clusters.reduce((sum, { count }) => sum + count, 0)).toBeLessThanOrEqual(4);
    }
    expect(checkpointsOf(path.join(place, 'two'))).toEqual([]);
    expect(await json('show', 'latest', '--out', place)).toMatchObject({ run: 'two', job: 'probe' });
    const args = ['export', 'two', '--runs', place, '--format', 'safetensors', '--out', path.join(home, 'x')];
    await refuses(args, 'usage', { reason: 'probe-has-no-weights', run: 'two' });
  });

  test('reads tables in the usual formats', async () => {
    const place = path.join(home, 'tables');
    mkdirSync(place);
    writeFileSync(path.join(place, 'a.csv'), 'task,solution,key\n5+2+5=,12,x\n');
    writeFileSync(path.join(place, 'a.json'), JSON.stringify([{ task: '5+2+5=', solution: 12, key: 'x' }]));
    copyFileSync(path.join(ROOT, 'engine', 'embedded', 'problems.jsonl'), path.join(place, 'b.jsonl'));
    const fields = ['--prompt-field', 'task', '--answer-field', 'solution', '--id-field', 'key'];
    const options = ['--votes', '2', '--device', 'cpu', '--out', path.join(place, 'runs')];
    const read = async (...args: string[]) => (await json('probe', ...args, ...options)).results as object[];
    const expected = { id: 'x', reference: '12', rollouts: 2 };
    expect(await read(path.join(place, 'a.csv'), ...fields)).toMatchObject([expected]);
    expect(await read(path.join(place, 'a.json'), ...fields)).toMatchObject([expected]);
    expect(await read(path.join(place, 'b.jsonl'), '--limit', '1')).toMatchObject([
      { id: 'chain-001', reference: '12' },
    ]);
  });
});

describe('warnings', () => {
  const warningsIn = (ended: Ended) => ended.stderr.split('\n').filter((line) => line.startsWith('warning: '));

  test('say that the model cannot read the problems', async () => {
    const file = path.join(home, 'words.jsonl');
    writeFileSync(file, '{"prompt": "1+2="}\n{"prompt": "What is 1+2?"}\n');
    const ended = await runCli(['probe', file, '--votes', '1', '--device', 'cpu', '--json'], { home });
    expect(ended, ended.stderr).toMatchObject({ code: 0 });
    const [warning, ...others] = warningsIn(ended);
    expect(others).toEqual([]);
    expect(warning).toContain('1 of 2 prompts');
    expectWords('warnings', 'model', warning!);
  });

  test('say that ratios are not computed where sampling leaves out tokens', async () => {
    const sharp = ['--steps', '1', '--batch', '8', '--epochs', '3', '--lr', '0.01', '--eval-samples', '0'];
    const train = async (name: string, ...args: string[]) => {
      const ended = await runCli(['train', ...sharp, '--device', 'cpu', '--name', name, ...args], { home });
      expect(ended, ended.stderr).toMatchObject({ code: 0 });
      const step = recordsOf(path.join(home, 'runs', name)).find((record) => record.type === 'step');
      return { warnings: warningsIn(ended), clipFraction: step!.metrics.clipFraction };
    };
    const whole = await train('whole');
    expect(whole.warnings).toEqual([]);
    expect(whole.clipFraction).toBeGreaterThan(0);
    const nucleus = await train('nucleus', '--top-p', '0.9');
    expect(nucleus.warnings).toHaveLength(1);
    expectWords('warnings', 'truncated-sampling', nucleus.warnings[0]!);
    expect(nucleus.clipFraction).toBe(0);
  });
});

describe('grade and vote', () => {
  const lines = (...values: unknown[]) => values.map((value) => `${JSON.stringify(value)}\n`).join('');
  type Graded = { equal: boolean };
  const answers = ({ stdout }: Ended) =>
    stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);

  test('grade answers each pair, from a file or stdin', async () => {
    const pairs = lines(
      { prediction: 'It is \\boxed{1/2}', reference: '0.5' },
      { prediction: '#### 7', reference: '8' },
    );
    const expected = [
      { equal: true, extracted: '1/2' },
      { equal: false, extracted: '7' },
    ];
    const file = path.join(home, 'pairs.jsonl');
    writeFileSync(file, `${pairs}\n`);
    expect(answers(await ok('grade', file))).toEqual(expected);
    const piped = await runCli(['grade', '-', '--json'], { home, input: pairs });
    expect(piped).toMatchObject({ code: 0, stderr: '' });
    expect(answers(piped)).toEqual([...expected, { lines: 2, equal: 1, errors: 0 }]);
  });

  test('vote clusters by answer and takes a majority vote', async () => {
    const responses = ['\\boxed{2}', 'so 2.0: #### 2.0', '\\boxed{3}', 'I do not know'];
    const input = lines({ id: 'a', responses, answer: '2' }, { id: 'b', responses: ['none here'] });
    const voted = await runCli(['vote', '-', '--json'], { home, input });
    expect(voted.code, voted.stderr).toBe(0);
    expect(answers(voted)).toMatchObject([
      { id: 'a', majority: '2', share: 0.5, correct: true, clusters: [{ count: 2, correct: true }, { count: 1 }] },
      { id: 'b', majority: null, share: null, clusters: [] },
      { lines: 2, labeled: 1, correct: 1, errors: 0 },
    ]);
  });

  test('score rewards groups as training does, by options or by a run, and reports bad lines', async () => {
    const responses = ['\\boxed{2}', 'so 2.0: #### 2.0', '\\boxed{3}', 'I do not know'];
    const input = lines({ id: 'a', responses }, { responses: [] }, { problem: 0, step: 3, responses });
    const scored = await runCli(['score', '-', '--json'], { home, input });
    expect(scored.code, scored.stderr).toBe(2);
    expect(answers(scored)).toMatchObject([
      { id: 'a', majority: '2', share: 0.5, rewards: [1, 1, 0, 0], clusters: [{ members: [1, 2] }, { members: [3] }] },
      { error: expect.stringContaining('responses'), line: 2 },
      { problem: 0, step: 3, error: expect.any(String) },
      { lines: 3, errors: 2 },
    ]);
    const weighted = await runCli(['score', '-', '--reward', '2*majority-vote'], { home, input: lines({ responses }) });
    expect(answers(weighted)).toMatchObject([{ rewards: [2, 2, 0, 0] }]);
    await refuses(['score', '-', '--reward', 'self-verification'], 'config', { reason: 'asks-policy' });
  });

  test('a reader that disconnects early is not an error', () => {
    const file = path.join(home, 'many.jsonl');
    writeFileSync(file, lines({ prediction: '1', reference: '1' }).repeat(20_000));
    const script = `set -o pipefail; "${process.execPath}" "${CLI}" grade "${file}" | head -n 1`;
    const { status, stdout, stderr } = spawnSync('bash', ['-c', script], { encoding: 'utf8' });
    expect({ status, stdout, stderr }).toEqual({
      status: 0,
      stdout: lines({ equal: true, extracted: '1' }),
      stderr: '',
    });
  });

  test('vote ignores empty and unfinished boxes and placeholders', async () => {
    const responses = ['\\boxed{}', '\\boxed{}', '\\boxed{4', '\\boxed{4', '\\boxed{?}', '\\boxed{?}', '3'];
    const voted = await runCli(['vote', '-'], { home, input: lines({ id: 'a', responses, answer: '3' }) });
    expect(answers(voted)).toMatchObject([
      { majority: '3', share: 1 / 7, clusters: [{ members: [7] }], correct: true },
    ]);
  });

  test('--strict accepts marked answers only, --percent reads shares as percentages', async () => {
    const votes = lines({ responses: ['5', '5', '#### 6'] });
    expect(answers(await runCli(['vote', '-'], { home, input: votes }))).toMatchObject([{ majority: '5' }]);
    expect(answers(await runCli(['vote', '-', '--strict'], { home, input: votes }))).toMatchObject([{ majority: '6' }]);
    const pairs = lines({ prediction: '50%', reference: '0.5' }, { prediction: '#### 50%', reference: '0.5' });
    const graded = async (...args: string[]) =>
      answers(await runCli(['grade', '-', ...args], { home, input: pairs })).map((line) => (line as Graded).equal);
    expect(await graded()).toEqual([false, false]);
    expect(await graded('--percent')).toEqual([true, true]);
    expect(await graded('--percent', '--strict')).toEqual([false, true]);
  });

  test.each(['grade', 'vote'])('%s reports bad lines, continues after them, and exits with 2', async (command) => {
    const good = command === 'grade' ? { prediction: '1', reference: '1' } : { responses: ['\\boxed{1}'] };
    const bad = await runCli([command, '-'], { home, input: `{"pred\n\n${lines({ a: 1 }, good)}` });
    expect(bad.code).toBe(2);
    expect(answers(bad)).toMatchObject([
      { error: expect.any(String), line: 1 },
      { error: expect.stringMatching(/prediction|responses/), line: 3 },
      command === 'grade' ? { equal: true } : { majority: '1' },
    ]);
    const nowhere = path.join(home, 'nowhere.jsonl');
    await refuses([command, nowhere], 'usage', { reason: 'not-found', file: nowhere });
  });
});

test('doctor reports what this machine can do', async () => {
  const report = DoctorReport.parse(await json('doctor'));
  expect(report).toMatchObject({ version: VERSION, node: process.versions.node });
  expect(report.devices.find(({ name }) => name === 'CPU')).toMatchObject({ available: true });
  for (const { available, detail, hint } of report.devices) {
    expect(detail).not.toBe('');
    // What can be had says how.
    if (!available && !detail.includes('optional')) expect(hint).toBeTruthy();
  }
  expect((await ok('doctor')).stdout).toMatch(/^CPU +yes/m);
});

describe('a run in a terminal', () => {
  const ENDLESS = ['--device', 'cpu', '--steps', '100000', '--eval-samples', '1', '--eval-limit', '2', '--json'];

  async function begin(name: string): Promise<{ program: Program; client: EngineClient; folder: string }> {
    const program = startCli(['train', '--name', name, ...ENDLESS], { home });
    const address = await until('the engine is found', async () =>
      (await listEngines(home)).find(({ pid }) => pid === program.pid),
    );
    const client = await createClient(address, { name: 'test' });
    const folder = path.join(runsFolder, name);
    await until('a step', () => recordsOf(folder).some(({ type }) => type === 'step'));
    return { program, client, folder };
  }

  test('can be watched and stopped by a client that attaches', async () => {
    const { program, client, folder } = await begin('attached');
    expect((await client.request('status', {})).active).toMatchObject({ run: 'attached', steps: 100_000 });
    const seen: number[] = [];
    client.on('record', ({ record }) => seen.push(record.seq));
    const { records, folder: told } = await client.request('subscribe', { run: 'attached', from: 0 });
    expect(told).toBe(folder);
    await until('records come live', () => seen.length > 20);
    await client.request('stop', { run: 'attached' });
    const ended = await program.ended;
    expect(ended, ended.stderr).toMatchObject({ code: 3, signal: null });
    const numbers = [...records.map(({ seq }) => seq), ...seen];
    expect(numbers).toEqual(recordsOf(folder).map(({ seq }) => seq));
    expect(objectOf(ended)).toMatchObject({ run: 'attached', status: 'stopped', after: null });
    expect(ended.stderr).toMatch(/rollscope resume attached$/m);
    expect(await listEngines(home)).toEqual([]);
    client.close();
  });

  test('ends at once when Ctrl+C is pressed twice, and resume continues', async () => {
    const { program, client, folder } = await begin('twice');
    client.close();
    program.kill('SIGINT');
    await program.printed(/Stopping with a checkpoint\. Press Ctrl\+C again/);
    program.kill('SIGINT');
    const { code, signal } = await program.ended;
    // The checkpoint may have been quicker: then it ends as stopped, or on its way out by the second signal itself.
    expect(code ?? signal).toBeOneOf([3, 'SIGKILL', 'SIGINT']);
    expect(await listEngines(home)).toEqual([]);
    const steps = recordsOf(folder).filter(({ type }) => type === 'step').length;
    const again = startCli(['resume', 'twice', '--json'], { home });
    await until('it continues', () => recordsOf(folder).filter(({ type }) => type === 'step').length > steps);
    again.kill('SIGINT');
    expect(await again.ended).toMatchObject({ code: 3 });
  });

  test('stopped before its start leaves nothing behind', async () => {
    const program = startCli(['train', '--name', 'early', ...ENDLESS], { home });
    await program.printed(/^Training /m);
    program.kill('SIGINT');
    const ended = await program.ended;
    expect(ended.code ?? ended.signal, ended.stderr).toBeOneOf([3, 'SIGINT']);
    if (!existsSync(path.join(runsFolder, 'early'))) {
      expect(objectOf(ended)).toMatchObject({ error: { code: 'canceled' } });
    }
  });

  /** Long steps of preparing a run, which end when somebody writes to a pipe: nobody does. */
  const pipe = (name: string) => {
    execFileSync('mkfifo', [path.join(home, name)]);
    return path.join(home, name);
  };

  test.runIf(process.platform !== 'win32').each([
    {
      step: 'reading its dataset',
      options: () => [pipe('endless.jsonl')],
    },
    {
      step: 'reading its tokenizer',
      options: () => {
        cpSync(EMBEDDED_MODEL, path.join(home, 'endless-tokenizer'), { recursive: true });
        rmSync(path.join(home, 'endless-tokenizer', 'tokenizer.json'));
        pipe('endless-tokenizer/tokenizer.json');
        return ['--model', path.join(home, 'endless-tokenizer')];
      },
    },
    {
      step: 'reading its weights',
      options: () => {
        cpSync(EMBEDDED_MODEL, path.join(home, 'endless-weights'), { recursive: true });
        rmSync(path.join(home, 'endless-weights', 'model.safetensors'));
        pipe('endless-weights/model.safetensors');
        return ['--model', path.join(home, 'endless-weights')];
      },
    },
    {
      step: 'encoding its prompts',
      options: () => {
        const problems = Array.from(
          { length: 60_000 },
          (_, i) => `${JSON.stringify({ prompt: `${i}+1=`.repeat(4) })}\n`,
        );
        writeFileSync(path.join(home, 'many.jsonl'), problems.join(''));
        return [path.join(home, 'many.jsonl')];
      },
    },
  ])('ends at one Ctrl+C while it is $step', async ({ step, options }) => {
    const program = startCli(['train', '--name', 'waiting', ...options(), ...ENDLESS], { home });
    await program.printed(/^Training /m);
    await until('it has begun', async () => (await listEngines(home)).some(({ pid }) => pid === program.pid));
    program.kill('SIGINT');
    const ended = await program.ended;
    expect(ended.code ?? ended.signal, `${step}: ${ended.stderr}`).toBeOneOf([3, 'SIGINT']);
    expect(objectOf(ended)).toMatchObject({ error: { code: 'canceled', details: { reason: 'not-started' } } });
    expect(await listEngines(home)).toEqual([]);
    expect(existsSync(path.join(runsFolder, 'waiting'))).toBe(false);
  });
});

describe('serve', () => {
  const config = RunConfig.parse({
    dataset: { path: 'embedded' },
    steps: 100_000,
    sampling: { maxTokens: 40 },
    evaluation: { samples: 0, greedy: false },
    device: 'cpu',
  });

  async function serve(...args: string[]): Promise<{ program: Program; address: EngineAddress }> {
    const program = startCli(['serve', ...args], { home });
    await until('the address', () => program.stdout.includes('\n'));
    return { program, address: EngineAddress.parse(JSON.parse(program.stdout)) };
  }

  test('prints its address as one line, and exits after the grace time', async () => {
    const { program, address } = await serve('--grace', '0.2');
    expect(address).toMatchObject({ pid: program.pid, version: VERSION });
    const ended = await program.ended;
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(ended.stdout).toBe(`${JSON.stringify(address)}\n`);
    expect(await listEngines(home)).toEqual([]);
  });

  test('keeps address and runs in the given folders, and stops a run without clients', async () => {
    const place = temporaryFolder();
    const { program, address } = await serve(
      ...['--when-alone', 'stop', '--grace', '0.2', '--home', place, '--out', path.join(place, 'here')],
    );
    expect(await listEngines(place)).toEqual([address]);
    const client = await createClient(address, { name: 'test' });
    const { folder } = await client.request('start', { config });
    expect(path.dirname(folder)).toBe(path.join(place, 'here'));
    await until('a step', () => recordsOf(folder).some(({ type }) => type === 'step'));
    client.close();
    expect(await program.ended).toMatchObject({ code: 0 });
    expect(recordsOf(folder).at(-1)).toMatchObject({ type: 'end', reason: 'stopped' });
    expect(checkpointsOf(folder)).toHaveLength(1);
  });

  test('resumes a run that was left alone, and another client finds it', async () => {
    const { program, address } = await serve('--grace', '0.2');
    const client = await createClient(address, { name: 'test' });
    const { run, folder } = await client.request('start', { config });
    client.close();
    const steps = () => recordsOf(folder).filter(({ type }) => type === 'step').length;
    await until('some steps', () => steps() > 2);
    expect(isAlive(program.pid)).toBe(true);
    const again = await createClient((await listEngines(home))[0]!, { name: 'again' });
    expect(again.active).toMatchObject({ run });
    await refuses(['resume', folder], 'run-in-use', { reason: 'in-use', by: `process ${program.pid}` });
    program.kill('SIGTERM');
    expect(await program.ended).toMatchObject({ code: 3, signal: null });
    expect(recordsOf(folder).at(-1)).toMatchObject({ type: 'end', reason: 'stopped' });
    again.close();
  });

  test('refuses an invalid grace time', async () => {
    const { code, stderr } = await cli('serve', '--grace', 'long');
    expect(code).toBe(2);
    expect(stderr).toContain("'long'");
  });
});
