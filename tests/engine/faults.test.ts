import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { sampledFolder } from '../../engine/model/sampled-fingerprint.ts';
import { EngineAddress, type ErrorCode, type ErrorData, RUN_FORMAT, RunConfig } from '../../engine/protocol/index.ts';
import { createClient, type EngineClient } from '../../engine/server/connection.ts';
import { EMBEDDED_MODEL, ggufHeader, modelWithoutNumber, modelWithSteepHead } from '../support/crafted-models.ts';
import { mountingShell } from '../support/mounts.ts';
import { CLI, type Ended, Program, runCli, startCli, temporaryFolder } from '../support/processes.ts';
import { expectRefusal, expectRejection, withNames } from '../support/refusals.ts';
import { checkpointsOf, expectSameOutcome, outcomeOf, recordsOf } from '../support/run-outcome.ts';
import { requireOrSkip } from '../support/skip.ts';
import { until } from '../support/wait.ts';
import { expectWords } from '../support/wording.ts';

const home = temporaryFolder();
const place = (name: string) => path.join(home, name);

/** Writes a file below the home and returns its path. */
function file(name: string, content: string | Buffer): string {
  writeFileSync(place(name), content);
  return place(name);
}

const rows = (...values: object[]) => values.map((value) => `${JSON.stringify(value)}\n`).join('');
const GOOD = file('good.jsonl', rows({ prompt: '5+2+5=', answer: '12' }, { prompt: '6+6+1=', answer: '13' }));
/** A few seconds at most, where it runs at all. */
const BRIEF = ['--device', 'cpu', '--steps', '2', '--votes', '4', '--group', '4', '--eval-samples', '1'];

function lastLine({ stdout }: Ended): Record<string, unknown> {
  return JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as Record<string, unknown>;
}

/** One message on stderr and no stack; returns it with its hint. */
function complaintOf(ended: Ended): { message: string; hint: string } {
  const errors = ended.stderr.split('\n').filter((line) => line.startsWith('error: '));
  expect(errors, ended.stderr).toHaveLength(1);
  expect(ended.stderr).not.toMatch(/\n\s+at |node:internal|UnhandledPromise|\[object/);
  const hint = ended.stderr.split('\n').find((line) => line.startsWith('hint: '));
  return { message: errors[0]!.slice('error: '.length), hint: hint?.slice('hint: '.length) ?? '' };
}

/** Runs a command twice, as text and with --json; returns its error, which must be the same. */
async function errorOf(args: readonly string[], exit: number): Promise<ErrorData> {
  const [plain, json] = [await runCli(args, { home }), await runCli([...args, '--json'], { home })];
  const error = lastLine(json).error as ErrorData;
  for (const ended of [plain, json]) {
    expect(ended, ended.stderr).toMatchObject({ code: exit, signal: null });
    expect(complaintOf(ended)).toEqual({ message: error.message, hint: error.hint ?? '' });
  }
  return error;
}

/** Expects that a command is refused before anything runs, with this code and these facts. */
async function refuses(args: readonly string[], code: ErrorCode, facts: object): Promise<void> {
  expectRefusal(await errorOf(args, 2), code, { ...facts });
}

describe('a dataset', () => {
  const long = `${'1+'.repeat(200)}1=`;
  test.each([
    { what: 'that is empty', text: '', facts: { reason: 'empty' } },
    { what: 'of blank lines', text: '\n \n', facts: { reason: 'empty' } },
    {
      what: 'with a broken line',
      text: `${rows({ prompt: '1+1=' })}\n{"prompt":"1+2="\n${rows({ prompt: '1+3=' })}`,
      facts: { reason: 'broken-json', line: 3, column: 17 },
    },
    {
      what: 'with a row without a prompt',
      text: `${rows({ prompt: '1+1=' })}\n${rows({ answer: '3' })}`,
      facts: { reason: 'no-prompt', line: 3, field: 'prompt', state: 'missing' },
    },
    {
      what: 'with an id used twice',
      text: rows({ id: 'a', prompt: '1+1=' }, { id: 'b', prompt: '1+2=' }, { id: 'a', prompt: '1+3=' }),
      options: ['--id-field', 'id'],
      facts: { reason: 'duplicate-id', line: 3, value: 'a', firstLine: 1 },
    },
    {
      what: 'with a problem longer than the context',
      text: rows({ id: 'short', prompt: '1+1=' }, { id: 'endless', prompt: long }),
      facts: { reason: 'prompt-too-long', line: 2, problem: 'endless', tokens: 402, maxTokens: 40, most: 128 },
    },
    {
      what: 'without a column of problems',
      text: rows({ riddle: '1+1=' }),
      facts: { reason: 'no-problem-column', columns: ['riddle'] },
    },
  ])('$what is reported with its place', async ({ text, options = [], facts }) => {
    await refuses(['train', file('bad.jsonl', text), ...options, ...BRIEF], 'dataset', {
      file: place('bad.jsonl'),
      ...facts,
    });
  });

  test('that is missing, of another kind, or for evaluation only is reported too', async () => {
    const missing = { reason: 'not-found', file: place('nowhere.jsonl') };
    await refuses(['probe', place('nowhere.jsonl')], 'dataset', missing);
    await refuses(['train', GOOD, '--eval-dataset', place('nowhere.jsonl')], 'dataset', missing);
    const kind = { reason: 'unsupported-type', file: place('notes.docx'), value: '.docx' };
    await refuses(['train', file('notes.docx', '1+1=')], 'dataset', kind);
  });
});

describe('a model', () => {
  const model = (name: string) => ['train', GOOD, '--model', place(name), ...BRIEF];

  test('that is missing is reported', async () => {
    await refuses(model('nowhere.gguf'), 'model', { reason: 'not-found', value: place('nowhere.gguf') });
    mkdirSync(place('hollow'));
    await refuses(model('hollow'), 'model', { reason: 'missing-file', file: place('hollow/config.json') });
  });

  test('that is truncated is reported, in header or weights', async () => {
    for (const [bytes, reason] of [
      [5, 'truncated-header'],
      [2000, 'truncated-header'],
      [100_000, 'truncated'],
    ] as const) {
      const folder = place(`short-${bytes}`);
      cpSync(EMBEDDED_MODEL, folder, { recursive: true });
      truncateSync(path.join(folder, 'model.safetensors'), bytes);
      await refuses(model(`short-${bytes}`), 'model', { reason, file: path.join(folder, 'model.safetensors') });
    }
    const whole = ggufHeader({ 'general.architecture': 'llama' }, { 'token_embd.weight': [64, 24] });
    file('weights.gguf', whole);
    const weights = { reason: 'truncated', file: place('weights.gguf'), field: 'token_embd.weight' };
    await refuses(model('weights.gguf'), 'model', weights);
    file('header.gguf', whole.subarray(0, 40));
    const header = { reason: 'truncated-header', file: place('header.gguf'), bytes: 40 };
    await refuses(model('header.gguf'), 'model', header);
  });

  test('with the tokenizer of another model is reported before the run starts', async () => {
    cpSync(EMBEDDED_MODEL, place('foreign'), { recursive: true });
    const tokenizer = path.join(place('foreign'), 'tokenizer.json');
    const json = JSON.parse(readFileSync(tokenizer, 'utf8'));
    json.model.vocab['5'] = 400;
    writeFileSync(tokenizer, JSON.stringify(json));
    const facts = { reason: 'token-out-of-vocabulary', model: 'foreign', token: 400, vocabulary: 24 };
    const short = ['--template', '{{prompt}}', '--max-tokens', '20'];
    await refuses([...model('foreign'), ...short], 'model', facts);
  });

  test('that is not supported is reported, together with what is', async () => {
    file('magic.gguf', Buffer.from('GGML and so on'));
    await refuses(model('magic.gguf'), 'model', { reason: 'not-gguf', file: place('magic.gguf') });
    file('rwkv.gguf', ggufHeader({ 'general.architecture': 'rwkv6' }));
    const gguf = { reason: 'unsupported', file: place('rwkv.gguf'), field: 'general.architecture', value: 'rwkv6' };
    await refuses(model('rwkv.gguf'), 'model', gguf);
    cpSync(EMBEDDED_MODEL, place('rwkv'), { recursive: true });
    file('rwkv/config.json', JSON.stringify({ model_type: 'rwkv', architectures: ['RwkvForCausalLM'] }));
    const facts = { reason: 'unsupported', file: place('rwkv/config.json'), field: 'model_type', value: 'rwkv' };
    await refuses(model('rwkv'), 'model', facts);
  });
});

describe('an option', () => {
  const bad = (field: string, value: unknown, more: object = {}) => ({ reason: 'bad-value', field, value, ...more });

  test.each([
    [['--reward', 'votes'], 'config', bad('--reward', 'votes')],
    [['--stepz', '3'], 'usage', { reason: 'unknown-option', field: '--stepz', suggestion: '--steps' }],
    [['--steps', 'many'], 'usage', bad('--steps', 'many', { min: 0, max: 1_000_000 })],
    [['--steps', '-1'], 'config', bad('--steps', -1, { min: 0, max: 1_000_000 })],
    [['--lr', '2'], 'config', bad('--lr', 2, { above: 0, max: 1 })],
    [['--top-p', '1.5'], 'config', bad('--top-p', 1.5, { above: 0, max: 1 })],
    [['--memory', '5MB'], 'config', bad('--memory', 5 * 2 ** 20, { text: '5MB', min: 2 ** 28 })],
    [['--device', 'tpu'], 'config', bad('--device', 'tpu')],
    [
      ['--votes', '4', '--group', '8'],
      'config',
      { reason: 'group-exceeds-votes', field: '--group', value: 8, most: 4 },
    ],
    [['--name', '../up'], 'config', { reason: 'bad-run-name', value: '../up' }],
  ] as const)('%j is refused with the allowed values', async (args, code, facts) => {
    await refuses(['train', GOOD, ...args], code, facts);
  });

  test('from a file is refused with its field', async () => {
    const config = file('config.json', JSON.stringify({ optimizer: { lr: 0 }, steps: 2 }));
    const rate = { reason: 'bad-value', field: `${config}: optimizer.lr`, value: 0, above: 0 };
    await refuses(['train', GOOD, '--config', config], 'config', rate);
    file('config.json', JSON.stringify({ optimizer: { rate: 1 } }));
    const unknown = { reason: 'unknown-field', field: `${config}: optimizer`, keys: ['rate'] };
    await refuses(['train', GOOD, '--config', config], 'config', unknown);
  });

  test('or command that does not exist is refused', async () => {
    await refuses(['trian'], 'usage', { reason: 'unknown-command', field: 'trian', suggestion: 'train' });
    const unknown = { reason: 'unknown-command', field: 'trian', suggestion: 'train' };
    await refuses(['help', 'trian'], 'usage', unknown);
    await refuses(['trian', '--help'], 'usage', unknown);
    await refuses(['resume', 'nothing'], 'run-not-found', { reason: 'unknown-run', value: 'nothing' });
  });
});

/** Checks what a run says of numbers that are not finite; its facts are those of its warning. */
function expectNonFinite(error: ErrorData, facts: { step: number; problem: string; place: string }): void {
  const { code, message, hint } = error;
  expect(code).toBe('non-finite');
  for (const fact of [facts.problem, facts.place]) expect(message).toContain(fact);
  expectWords('refusals', 'non-finite', `${withNames(message, facts)}\n→ ${hint}`);
}

describe('non-finite numbers', () => {
  const sums = [2, 3, 4, 5, 6].map((n) => ({ id: `sum-${n}`, prompt: `${n}+5+9+8=`, answer: `${n + 22}` }));
  const options = ['--votes', '4', '--group', '4', '--device', 'cpu', '--max-tokens', '40', '--template', '{{prompt}}'];

  test('stop a run before they reach the weights, and name step and problem; checkpoints are kept', async () => {
    await modelWithoutNumber(place('nan'), '-');
    const data = file('minus.jsonl', rows(...sums, { id: 'minus', prompt: '9-2=', answer: '7' }));
    const args = ['train', data, '--model', place('nan'), '--lora', '4', '--name', 'nan', '--seed', '1', ...options];
    const evaluations = ['--eval-samples', '0', '--no-eval-greedy'];
    const ended = await runCli(
      [...args, ...evaluations, '--batch', '1', '--steps', '30', '--checkpoint-every', '1', '--json'],
      { home },
    );
    const folder = path.join(home, 'runs', 'nan');
    const done = recordsOf(folder).filter(({ type }) => type === 'step').length;
    expect(done, 'the bad problem came first: choose another seed').toBeGreaterThan(0);
    expect(ended).toMatchObject({ code: 1, signal: null });
    const { error, ...result } = lastLine(ended) as { error: ErrorData };
    expect(error).toEqual({ code: 'non-finite', ...complaintOf(ended) });
    expectNonFinite(error, { step: done + 1, problem: 'minus', place: `${data}:6` });
    expect(result).toMatchObject({ status: 'failed', steps: done });
    expect(checkpointsOf(folder).at(-1)).toBe(done);
    const [warning, end] = recordsOf(folder).slice(-2);
    expect(warning).toMatchObject({ type: 'warning', code: 'non-finite', step: done + 1, problem: 5 });
    expect(end).toMatchObject({ type: 'end', reason: 'failed', step: done, error });
    // Resumed from that checkpoint, it fails at the same place, with the same error.
    const before = outcomeOf(folder);
    expect(await errorOf(['resume', 'nan'], 1)).toEqual(error);
    expectSameOutcome(outcomeOf(folder), before);
  });

  test('in an evaluation or a probe blame the model, which has not been trained', async () => {
    await modelWithoutNumber(place('nan-now'), '9');
    const data = file('nines.jsonl', rows(...sums));
    const failure = async (...args: string[]) => {
      const error = await errorOf([args[0]!, data, '--model', place('nan-now'), ...args.slice(1)], 1);
      const [, problem, where] = /(sum-\d) \((.*nines\.jsonl:\d)\)/.exec(error.message)!;
      expectNonFinite(error, { step: 0, problem: problem!, place: where! });
      return error;
    };
    const training = await failure('train', ...options);
    const probing = await failure('probe', ...options.filter((_, i) => i !== 2 && i !== 3));
    expect(probing.hint).toBe(training.hint);
  });

  test('in a gradient leave the weights unchanged', async () => {
    await modelWithSteepHead(place('steep'));
    const data = file('sums.jsonl', rows(...sums));
    const few = ['--steps', '8', '--batch', '2', '--eval-samples', '1', '--checkpoint-every', '1', '--no-lora'];
    const args = ['train', data, '--model', place('steep'), '--name', 'steep', ...few, ...options, '--json'];
    const ended = await runCli(args, { home });
    expect(ended).toMatchObject({ code: 1, signal: null });
    const folder = path.join(home, 'runs', 'steep');
    const groups = recordsOf(folder).flatMap((record) => (record.type === 'group' ? record : []));
    const { step } = groups.at(-1)!;
    const warning = recordsOf(folder).find((record) => record.type === 'warning' && record.code === 'non-finite');
    const { problem } = warning as { problem: number };
    expect(warning).toMatchObject({ step });
    const trained = groups.filter((group) => group.phase === 'train' && group.step === step);
    expect(trained.map((group) => group.problem)).toContain(problem);
    const error = lastLine(ended).error as ErrorData;
    expectNonFinite(error, { step, problem: sums[problem]!.id, place: `${data}:${problem + 1}` });
    expect(checkpointsOf(folder).at(-1) ?? 0).toBe(step - 1);
  });
});

describe('a run folder', () => {
  test('in use by a living process is refused, and the process is named', async () => {
    const program = startCli(['train', GOOD, '--name', 'busy', '--device', 'cpu', '--steps', '100000'], { home });
    await program.printed(/Run folder:/);
    const folder = path.join(home, 'runs', 'busy');
    const inUse = { reason: 'in-use', folder, by: `process ${program.pid}` };
    await refuses(['resume', 'busy'], 'run-in-use', inUse);
    await refuses(['train', GOOD, '--name', 'busy', ...BRIEF], 'usage', { reason: 'folder-not-empty', folder });
    program.kill('SIGINT');
    expect(await program.ended).toMatchObject({ code: 3 });
    expect(recordsOf(folder).at(-1)).toMatchObject({ type: 'end', reason: 'stopped' });
  });

  describe('that was changed', () => {
    const folder = place('runs/changed');
    const data = place('changed.jsonl');
    beforeAll(async () => {
      cpSync(GOOD, data);
      const program = startCli(['train', data, '--name', 'changed', '--device', 'cpu', '--steps', '100000'], { home });
      await until('some steps', () => recordsOf(folder).some((record) => record.type === 'step'));
      program.kill('SIGTERM');
      expect(await program.ended).toMatchObject({ code: 3 });
    });

    /** Runs `work` while a file has another text. */
    async function changing(name: string, change: (text: string) => string, work: () => Promise<void>): Promise<void> {
      const text = readFileSync(name, 'utf8');
      const changed = change(text);
      expect(changed).not.toBe(text);
      writeFileSync(name, changed);
      await work().finally(() => writeFileSync(name, text));
    }

    test('by a newer version is refused, and does not hide other runs', async () => {
      const facts = { reason: 'newer-format', file: path.join(folder, 'run.json'), format: 99 };
      const newer = (text: string) => text.replace(`"format": ${RUN_FORMAT}`, '"format": 99');
      await changing(path.join(folder, 'run.json'), newer, async () => {
        for (const args of [
          ['resume', 'changed'],
          ['show', 'changed'],
          ['export', 'changed', '--format', 'jsonl', '--out', place('x.jsonl')],
          ['export', 'changed', '--format', 'safetensors', '--out', place('x.safetensors')],
        ]) {
          await refuses(args, 'run-version', facts);
        }
        expect(readdirSync(home).filter((name) => name.startsWith('x.'))).toEqual([]);
        const listed = await runCli(['runs', '--json'], { home });
        expect(listed, listed.stderr).toMatchObject({ code: 0 });
        const runs = lastLine(listed).runs as { run: string; status: string }[];
        expect(runs.map(({ run }) => run)).toContain('busy');
        expect(runs.find(({ run }) => run === 'changed')).toMatchObject({
          status: 'unreadable',
          error: { code: 'run-version', details: facts },
        });
      });
    });

    test('in the middle of its journal is refused with the line', async () => {
      const breaking = (text: string) => text.split('\n').with(2, '{"type":').join('\n');
      const events = path.join(folder, 'events.jsonl');
      const facts = { reason: 'bad-record', file: events, line: 3 };
      await changing(events, breaking, async () => {
        await refuses(['resume', 'changed'], 'run-broken', facts);
        await refuses(['show', 'changed'], 'run-broken', facts);
      });
    });

    test("to another model is refused; a fingerprint of an earlier version is compared by that version's rule", async () => {
      const run = path.join(folder, 'run.json');
      const recording = (fingerprint: string) => (text: string) =>
        text.replace(/"modelFingerprint": "[^"]+"/, `"modelFingerprint": "${fingerprint}"`);
      const facts = { reason: 'changed', what: 'model', run: 'changed' };
      for (const other of [`sha256-${'0'.repeat(64)}`, '0'.repeat(32)]) {
        await changing(run, recording(other), () => refuses(['resume', 'changed'], 'model', facts));
      }
      const sampled = await sampledFolder(EMBEDDED_MODEL, [path.join(EMBEDDED_MODEL, 'model.safetensors')]);
      await changing(run, recording(sampled), async () => {
        const program = startCli(['resume', 'changed'], { home });
        await until('a resumed run', () =>
          recordsOf(folder).some((r) => r.type === 'lifecycle' && r.event === 'resumed'),
        );
        program.kill('SIGTERM');
        expect(await program.ended).toMatchObject({ code: 3 });
      });
    });

    test("in its checkpoint is refused, and the hint's remedy works", async () => {
      const last = path.join(folder, 'checkpoints', `${checkpointsOf(folder).at(-1)}`);
      truncateSync(path.join(last, 'model.safetensors'), 1000);
      await refuses(['resume', 'changed'], 'run-broken', { reason: 'damaged-checkpoint', folder: last });
      const out = place('damaged');
      await refuses(['export', 'changed', '--format', 'safetensors', '--out', out], 'run-broken', { folder: last });
      rmSync(last, { recursive: true });
      const resumed = recordsOf(folder).filter(({ type }) => type === 'lifecycle').length;
      const program = startCli(['resume', 'changed'], { home });
      await until('a resumed run', () => recordsOf(folder).filter(({ type }) => type === 'lifecycle').length > resumed);
      program.kill('SIGTERM');
      expect(await program.ended).toMatchObject({ code: 3 });
    });

    test('in its data is refused', async () => {
      const facts = { reason: 'changed', what: 'dataset', name: data, run: 'changed' };
      const other = (text: string) => text.replace('5+2+5=', '5+2+6=');
      await changing(data, other, () => refuses(['resume', 'changed'], 'dataset', facts));
    });
  });
});

describe('a run folder that disappears', () => {
  test.each([
    { what: 'moved', away: (folder: string) => renameSync(folder, `${folder}-elsewhere`) },
    { what: 'deleted', away: (folder: string) => rmSync(folder, { recursive: true }) },
  ])('because it is $what ends the run with an error that says so', async ({ what, away }) => {
    const [name, folder] = [`went-${what}`, place(`runs/went-${what}`)];
    const endless = ['--device', 'cpu', '--steps', '100000', '--checkpoint-every', '1', '--eval-limit', '4', '--json'];
    const program = startCli(['train', GOOD, '--name', name, ...endless], { home });
    await until('a checkpoint', () => existsSync(path.join(folder, 'checkpoints/1')));
    away(folder);
    const ended = await program.ended;
    expect(ended, ended.stderr).toMatchObject({ code: 1, signal: null });
    const { error, status } = lastLine(ended) as { error: ErrorData; status: string };
    expect(status).toBe('failed');
    // The error of a run's end has no details.
    const file = new RegExp(`${folder}/(?:events.jsonl|rollouts-000.bin)`).exec(error.message)?.[0];
    expect(file, error.message).toBeDefined();
    expectRefusal({ ...error, details: { reason: 'moved', file } }, 'disk', {});
    expect(existsSync(folder)).toBe(false);
    if (what === 'deleted') return;
    const elsewhere = startCli(['resume', `${folder}-elsewhere`], { home });
    await elsewhere.printed(/Run folder:/);
    await until('it was resumed', () => recordsOf(`${folder}-elsewhere`).some((r) => r.type === 'lifecycle'));
    elsewhere.kill('SIGTERM');
    expect(await elsewhere.ended).toMatchObject({ code: 3 });
  });
});

// Node's own recursive mkdir never returns below /proc.
describe.runIf(process.platform === 'linux')('a home folder that cannot exist', () => {
  const nowhere = '/proc/nothing/home';

  test('is reported by whatever needs it', async () => {
    for (const args of [
      ['train', GOOD, ...BRIEF],
      ['probe', GOOD, '--device', 'cpu'],
    ]) {
      const ended = await runCli([...args, '--json'], { home: nowhere });
      expect(ended, ended.stderr).toMatchObject({ code: 1, signal: null });
      const { error } = lastLine(ended) as { error: ErrorData };
      expectRefusal(error, 'disk', { reason: 'no-folder', file: expect.stringContaining(`${nowhere}/runs/`) });
    }
    const served = await runCli(['serve'], { home: nowhere });
    expect(served, served.stderr).toMatchObject({ code: 1, signal: null });
    expect(complaintOf(served).message).toContain('/proc/nothing');
  });

  test('does not affect anything that does not need it', async () => {
    const env = { ROLLSCOPE_CACHE: '/proc/nothing/cache' };
    const listed = await runCli(['runs'], { home: nowhere, env });
    expect(listed, listed.stderr).toMatchObject({ code: 0 });
    const trained = await runCli(['train', GOOD, ...BRIEF, '--out', place('apart')], { home: nowhere, env });
    expect(trained, trained.stderr).toMatchObject({ code: 0 });
  });
});

describe('a full disk', () => {
  const args = [...BRIEF, '--steps', '8', '--batch', '8', '--checkpoint-every', '2', '--name', 'full', '--json'];

  const namespace = mountingShell(home);
  const mounts = requireOrSkip(
    'A small file system',
    namespace !== undefined || process.platform !== 'linux',
    'unshare may not mount a tmpfs here',
  );

  /** Runs a script with a file system of a size at OUT, and `CLI` for the command line. */
  function within(size: string, script: string): Promise<Ended> {
    const [out, elsewhere] = [temporaryFolder(), temporaryFolder()];
    const mount = (bytes: string, folder: string) => `mount -t tmpfs -o size=${bytes} tmpfs '${folder}'`;
    const cli = `ROLLSCOPE_HOME='${elsewhere}' '${process.execPath}' '${CLI}'`;
    const body = script.replaceAll('CLI', cli).replaceAll('OUT', out);
    const [program, ...flags] = namespace!;
    const whole = [mount(size, out), mount('16m', elsewhere), body].join('\n');
    return new Program(program!, [...flags, 'sh', '-c', whole]).ended;
  }

  const train = `CLI train --out OUT ${args.join(' ')}`;

  test.runIf(mounts && namespace).each([
    { size: '48k', file: 'full/(rollouts-000.bin|events.jsonl)' },
    { size: '400k', file: 'full/checkpoints/' },
    { size: '3m', file: 'full/checkpoints/' },
  ])('stops a run on $size and names the file; the run resumes once there is space', async ({ size, file: where }) => {
    const resume = 'CLI resume full --out OUT --json >&2 2>/dev/null';
    const ended = await within(size, `${train}\ncode=$?\nmount -o remount,size=64m OUT\n${resume}\nexit $code`);
    expect(ended, ended.stderr).toMatchObject({ code: 1, signal: null });
    const { error, status } = lastLine(ended) as { error: ErrorData; status: string };
    expect([status, error.code]).toEqual(['failed', 'disk']);
    expect(complaintOf(ended)).toEqual({ message: error.message, hint: error.hint });
    expect(error.message).toMatch(new RegExp(`/${where}`));
    expect(ended.stderr).toMatch(/completed/);
  });

  test.runIf(mounts && namespace)('at the first file leaves nothing of the run', async () => {
    const ended = await within('4k', `${train}\ncode=$?\nls -A OUT >&2\nexit $code`);
    expect(ended, ended.stderr).toMatchObject({ code: 1, signal: null });
    const { message } = complaintOf(ended);
    expect(message).toMatch(/\/full\//);
    expect(lastLine(ended)).toMatchObject({ error: { code: 'disk', message, details: { reason: 'disk-full' } } });
    expect(ended.stderr).not.toMatch(/^full$/m);
  });

  test.runIf(process.platform !== 'win32')('or a file-size limit stops a run in the same way', async () => {
    const out = place('bounded');
    // Blocks of 512 bytes.
    const body = `ulimit -f 32; exec '${process.execPath}' '${CLI}' train --out '${out}' ${args.join(' ')}`;
    const ended = await new Program('sh', ['-c', body], { env: { ROLLSCOPE_HOME: home } }).ended;
    expect(ended, ended.stderr).toMatchObject({ code: 1, signal: null });
    expect(complaintOf(ended).message).toMatch(/bounded\/full\/.*EFBIG/);
    expect(lastLine(ended)).toMatchObject({ status: 'failed', error: { code: 'disk' } });
  });
});

describe('the engine survives', () => {
  async function engine(): Promise<{ program: Program; client: EngineClient }> {
    const program = startCli(['serve'], { home });
    const [line] = await program.printed(/^\{.*\}$/m);
    const client = await createClient(EngineAddress.parse(JSON.parse(line)), { name: 'test' });
    return { program, client };
  }

  async function endOf(client: EngineClient, run: string) {
    const { folder } = await client.request('subscribe', { run, from: 0 });
    return until('the run ends', () => recordsOf(folder).find(({ type }) => type === 'end'));
  }

  const config = (more: object) =>
    RunConfig.parse({
      dataset: { path: GOOD },
      steps: 2,
      votes: 4,
      group: 4,
      sampling: { maxTokens: 40 },
      evaluation: { samples: 1 },
      device: 'cpu',
      ...more,
    });

  test('failed starts and failed runs, and runs the next one', async () => {
    await modelWithoutNumber(place('nan-served'), '5');
    const { program, client } = await engine();
    const before = readdirSync(place('runs')).sort();
    const bad = file('served.jsonl', '{"prompt":');
    const starting = (more: object) => client.request('start', { config: config(more) });
    const broken = { reason: 'broken-json', file: bad, line: 1 };
    await expectRejection(starting({ dataset: { path: bad } }), 'dataset', broken);
    const model = place('no-model');
    await expectRejection(starting({ model }), 'model', { reason: 'not-found', value: model });
    await expectRejection(starting({ group: 5 }), 'config', { reason: 'group-exceeds-votes', value: 5, most: 4 });
    const folder = place('no-run');
    await expectRejection(client.request('resume', { folder }), 'run-not-found', { reason: 'not-a-run', folder });
    expect(readdirSync(place('runs')).sort()).toEqual(before);

    const failing = await client.request('start', { config: config({ model: place('nan-served') }) });
    expect(await endOf(client, failing.run)).toMatchObject({ reason: 'failed', error: { code: 'non-finite' } });

    const idle = async () => (await client.request('status', {})).active === null;
    await until('it is idle', idle);
    const good = await client.request('start', { config: config({}), name: 'served' });
    expect(await endOf(client, good.run)).toMatchObject({ reason: 'completed', step: 2 });
    await until('it is idle', idle);
    await client.request('shutdown', {});
    expect(await program.ended).toMatchObject({ code: 0 });
  });
});
