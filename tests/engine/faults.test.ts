import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { sampledFolder } from '../../engine/model/fingerprint.ts';
import { EngineAddress, RUN_FORMAT, RunConfig } from '../../engine/protocol/index.ts';
import { createClient, type EngineClient } from '../../engine/server/connection.ts';
import { EMBEDDED_MODEL, ggufHeader, modelWithoutNumber, modelWithSteepHead } from '../support/crafted-models.ts';
import { CLI, type Ended, Program, runCli, startCli, temporaryFolder } from '../support/processes.ts';
import { checkpointsOf, expectSameOutcome, outcomeOf, recordsOf } from '../support/run-outcome.ts';
import { requireOrSkip } from '../support/skip.ts';
import { until } from '../support/wait.ts';

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

interface Refusal {
  code: string;
  message: RegExp;
  hint?: RegExp;
  exit?: number;
}

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

/** Runs a command twice, as text and with --json, and expects the same refusal. */
async function refuses(args: readonly string[], { code, message, hint, exit = 2 }: Refusal): Promise<void> {
  const [plain, json] = [await runCli(args, { home }), await runCli([...args, '--json'], { home })];
  for (const ended of [plain, json]) {
    expect(ended, ended.stderr).toMatchObject({ code: exit, signal: null });
    const complaint = complaintOf(ended);
    expect(complaint.message).toMatch(message);
    if (hint) expect(complaint.hint).toMatch(hint);
  }
  const complaint = complaintOf(json);
  expect(lastLine(json).error).toEqual({
    code,
    message: complaint.message,
    ...(complaint.hint ? { hint: complaint.hint } : {}),
  });
}

describe('a dataset', () => {
  const long = `${'1+'.repeat(200)}1=`;
  const noPrompt = /^.*bad\.jsonl:3: the row has no prompt: "prompt" is missing\.$/;
  test.each([
    { what: 'that is empty', text: '', message: /bad\.jsonl /, hint: /one row with a prompt/ },
    { what: 'of blank lines', text: '\n \n', message: /bad\.jsonl /, hint: /one row with a prompt/ },
    {
      what: 'with a broken line',
      text: `${rows({ prompt: '1+1=' })}\n{"prompt":"1+2="\n${rows({ prompt: '1+3=' })}`,
      message: /bad\.jsonl:3:17: broken JSON: expected "," or "}"/,
      hint: /./,
    },
    {
      what: 'with a row without a prompt',
      text: `${rows({ prompt: '1+1=' })}\n${rows({ answer: '3' })}`,
      message: noPrompt,
      hint: /Give the row a prompt or remove it/,
    },
    {
      what: 'with an id used twice',
      text: rows({ id: 'a', prompt: '1+1=' }, { id: 'b', prompt: '1+2=' }, { id: 'a', prompt: '1+3=' }),
      message: /bad\.jsonl:3: the id "a" is already used at bad\.jsonl:1/,
      hint: /Make the values of "id" unique/,
    },
    {
      what: 'with a problem longer than the context',
      text: rows({ id: 'short', prompt: '1+1=' }, { id: 'endless', prompt: long }),
      message: /bad\.jsonl:2, problem endless: The prompt has 402 tokens; with 40 new tokens .* 128/,
      hint: /--max-tokens/,
    },
    {
      what: 'without a column of problems',
      text: rows({ riddle: '1+1=' }),
      message: /bad\.jsonl has "riddle"/,
      hint: /--problem-field/,
    },
  ])('$what is named with its place', async ({ text, message, hint }) => {
    await refuses(['train', file('bad.jsonl', text), ...BRIEF], { code: 'dataset', message, hint });
  });

  test('that is missing, of another kind, or for evaluation only is named too', async () => {
    const missing = { code: 'dataset', message: /nowhere\.jsonl/, hint: /path/ };
    await refuses(['probe', place('nowhere.jsonl')], missing);
    await refuses(['train', GOOD, '--eval-dataset', place('nowhere.jsonl')], missing);
    const kind = { code: 'dataset', message: /notes\.docx: files of type \.docx are not supported/, hint: /\.jsonl/ };
    await refuses(['train', file('notes.docx', '1+1=')], kind);
  });
});

describe('a model', () => {
  const model = (name: string) => ['train', GOOD, '--model', place(name), ...BRIEF];

  test('that is missing is named', async () => {
    const message = /nowhere\.gguf/;
    await refuses(model('nowhere.gguf'), {
      code: 'model',
      message,
      hint: /\.gguf file or of a Hugging Face model folder/,
    });
    mkdirSync(place('hollow'));
    await refuses(model('hollow'), {
      code: 'model',
      message: /hollow\/config\.json is missing/,
      hint: /Choose a Hugging/,
    });
  });

  test('that is truncated is named, in header or weights', async () => {
    const hint = /download it again/;
    for (const bytes of [5, 2000, 100_000]) {
      const folder = place(`short-${bytes}`);
      cpSync(EMBEDDED_MODEL, folder, { recursive: true });
      truncateSync(path.join(folder, 'model.safetensors'), bytes);
      const message = /model\.safetensors: (only 5 bytes long|truncated in its header|truncated: tensor "model\.)/;
      await refuses(model(`short-${bytes}`), { code: 'model', message, hint });
    }
    const whole = ggufHeader({ 'general.architecture': 'llama' }, { 'token_embd.weight': [64, 24] });
    file('weights.gguf', whole);
    await refuses(model('weights.gguf'), { code: 'model', message: /truncated: tensor "token_embd\.weight"/, hint });
    file('header.gguf', whole.subarray(0, 40));
    await refuses(model('header.gguf'), { code: 'model', message: /header\.gguf: truncated in its header/, hint });
  });

  test('whose tokenizer is that of another is named before the run begins', async () => {
    cpSync(EMBEDDED_MODEL, place('foreign'), { recursive: true });
    const tokenizer = path.join(place('foreign'), 'tokenizer.json');
    const json = JSON.parse(readFileSync(tokenizer, 'utf8'));
    json.model.vocab['5'] = 400;
    writeFileSync(tokenizer, JSON.stringify(json));
    const message = /foreign: .*token id 400.* 24 /;
    const short = ['--template', '{{prompt}}', '--max-tokens', '20'];
    await refuses([...model('foreign'), ...short], { code: 'model', message, hint: /download the model again/ });
  });

  test('that is not supported is named, with what is', async () => {
    file('magic.gguf', Buffer.from('GGML and so on'));
    await refuses(model('magic.gguf'), { code: 'model', message: /magic\.gguf is not a GGUF file/, hint: /\.gguf/ });
    file('rwkv.gguf', ggufHeader({ 'general.architecture': 'rwkv6' }));
    await refuses(model('rwkv.gguf'), { code: 'model', message: /rwkv\.gguf.*"?rwkv6"?/, hint: /llama/ });
    cpSync(EMBEDDED_MODEL, place('rwkv'), { recursive: true });
    file('rwkv/config.json', JSON.stringify({ model_type: 'rwkv', architectures: ['RwkvForCausalLM'] }));
    const message = /rwkv\/config\.json: model_type "rwkv" is not supported/;
    await refuses(model('rwkv'), { code: 'model', message, hint: /llama, qwen2, qwen3/ });
  });
});

describe('an option', () => {
  test.each([
    {
      args: ['--reward', 'votes'],
      code: 'config',
      message: /--reward: .*"votes"/,
      hint: /majority-vote/,
    },
    { args: ['--stepz', '3'], code: 'usage', message: /unknown option '--stepz'/, hint: /Did you mean --steps\?/ },
    { args: ['--steps', 'many'], code: 'usage', message: /--steps: 'many' is not a number/, hint: /--steps 100/ },
    { args: ['--steps', '-1'], code: 'config', message: /--steps: -1 .*from 0 to 1000000/ },
    { args: ['--lr', '2'], code: 'config', message: /--lr: 2 .*above 0 up to 1/ },
    { args: ['--top-p', '1.5'], code: 'config', message: /--top-p: 1\.5 .*above 0 up to 1/ },
    { args: ['--memory', '5MB'], code: 'config', message: /--memory: '5MB' .*at least 256 MB/ },
    { args: ['--device', 'tpu'], code: 'config', message: /--device: 'tpu' .*auto, cpu, webgpu/ },
    { args: ['--votes', '4', '--group', '8'], code: 'config', message: /--group 8 .*--votes 4/, hint: /Raise|lower/ },
    {
      args: ['--name', '../up'],
      code: 'config',
      message: /'\.\.\/up'/,
      hint: /letters, digits/,
    },
  ])('$args is refused with what is allowed', async ({ args, ...refusal }) => {
    await refuses(['train', GOOD, ...args], refusal);
  });

  test('of a file is refused with its field', async () => {
    const config = file('config.json', JSON.stringify({ optimizer: { lr: 0 }, steps: 2 }));
    await refuses(['train', GOOD, '--config', config], {
      code: 'config',
      message: /config\.json: optimizer\.lr: 0 .*above 0/,
    });
    file('config.json', JSON.stringify({ optimizer: { rate: 1 } }));
    await refuses(['train', GOOD, '--config', config], { code: 'config', message: /optimizer.*'rate' is not known/ });
  });

  test('or command that does not exist is refused', async () => {
    await refuses(['trian'], { code: 'usage', message: /unknown command 'trian'/, hint: /train/ });
    await refuses(['resume', 'nothing'], {
      code: 'run-not-found',
      message: /run 'nothing'/,
      hint: /rollscope train/,
    });
  });
});

describe('numbers that are not finite', () => {
  const sums = [2, 3, 4, 5, 6].map((n) => ({ id: `sum-${n}`, prompt: `${n}+5+9+8=`, answer: `${n + 22}` }));
  const options = ['--votes', '4', '--group', '4', '--device', 'cpu', '--max-tokens', '40', '--template', '{{prompt}}'];

  test('stop a run before they reach the weights, and name problem and step; checkpoints stay', async () => {
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
    const said = `At step ${done + 1}, at problem minus (${data}:6), the token probability is not finite (NaN or Inf).`;
    expect(ended).toMatchObject({ code: 1, signal: null });
    expect(complaintOf(ended)).toEqual({ message: said, hint: expect.stringMatching(/lower learning rate/) });
    expect(lastLine(ended)).toMatchObject({
      status: 'failed',
      steps: done,
      error: { code: 'non-finite', message: said },
    });
    expect(checkpointsOf(folder).at(-1)).toBe(done);
    const [warning, end] = recordsOf(folder).slice(-2);
    expect(warning).toMatchObject({ type: 'warning', code: 'non-finite', step: done + 1, problem: 5 });
    expect(end).toMatchObject({ type: 'end', reason: 'failed', step: done, error: { message: said } });
    // Going on from that checkpoint comes to the same place, and says the same.
    const before = outcomeOf(folder);
    await refuses(['resume', 'nan'], { code: 'non-finite', exit: 1, message: new RegExp(`^At step ${done + 1}, at`) });
    expectSameOutcome(outcomeOf(folder), before);
  });

  test('in an evaluation or a probe blame the model, which has not been trained', async () => {
    await modelWithoutNumber(place('nan-now'), '9');
    const data = file('nines.jsonl', rows(...sums));
    const message = /at step 0, at problem sum-\d \(.*nines\.jsonl:\d\), the token probability/;
    const refusal = { code: 'non-finite', exit: 1, hint: /download the model again/ };
    await refuses(['train', data, '--model', place('nan-now'), ...options], { ...refusal, message });
    const probing = /^While probing, at problem sum-\d \(.*nines\.jsonl:\d\), the token probability/;
    const sampling = options.filter((_, i) => i !== 2 && i !== 3);
    await refuses(['probe', data, '--model', place('nan-now'), ...sampling], { ...refusal, message: probing });
  });

  test('in a gradient leave the weights as they were', async () => {
    await modelWithSteepHead(place('steep'));
    const data = file('sums.jsonl', rows(...sums));
    const few = ['--steps', '8', '--batch', '2', '--eval-samples', '1', '--checkpoint-every', '1', '--no-lora'];
    const args = ['train', data, '--model', place('steep'), '--name', 'steep', ...few, ...options, '--json'];
    const ended = await runCli(args, { home });
    expect(ended).toMatchObject({ code: 1, signal: null });
    const folder = path.join(home, 'runs', 'steep');
    const groups = recordsOf(folder).flatMap((record) => (record.type === 'group' ? record : []));
    const { step } = groups.at(-1)!;
    const { message } = complaintOf(ended);
    expect(message).toMatch(/^At step \d+, at problem sum-\d \(.*sums\.jsonl:\d\), the gradient is not finite/);
    expect(message).toContain(`At step ${step},`);
    const ids = groups
      .filter((group) => group.phase === 'train' && group.step === step)
      .map(({ problem }) => sums[problem]!.id);
    expect(ids).toContain(/problem (sum-\d)/.exec(message)![1]);
    expect(checkpointsOf(folder).at(-1) ?? 0).toBe(step - 1);
  });
});

describe('a run folder', () => {
  test('in use by a living process is refused with that process', async () => {
    const program = startCli(['train', GOOD, '--name', 'busy', '--device', 'cpu', '--steps', '100000'], { home });
    await program.printed(/Run folder:/);
    const folder = path.join(home, 'runs', 'busy');
    const inUse = new RegExp(`busy is in use by process ${program.pid}\\.`);
    const hint = new RegExp(`Attach to the run, stop it, or end process ${program.pid}`);
    await refuses(['resume', 'busy'], { code: 'run-in-use', message: inUse, hint });
    const exists = { code: 'usage', message: /runs\/busy exists and is not empty/, hint: /resume/ };
    await refuses(['train', GOOD, '--name', 'busy', ...BRIEF], exists);
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

    test('by a newer version is refused, and hides no other run', async () => {
      const message = new RegExp(
        `changed/run\\.json: Rollscope \\S+ wrote this run in format 99; .* reads formats 1 to ${RUN_FORMAT}\\.`,
      );
      const newer = (text: string) => text.replace(`"format": ${RUN_FORMAT}`, '"format": 99');
      await changing(path.join(folder, 'run.json'), newer, async () => {
        for (const args of [
          ['resume', 'changed'],
          ['show', 'changed'],
          ['export', 'changed', '--format', 'jsonl', '--out', place('x.jsonl')],
          ['export', 'changed', '--format', 'safetensors', '--out', place('x.safetensors')],
        ]) {
          await refuses(args, { code: 'run-version', message, hint: /Update to Rollscope \S+ or newer/ });
        }
        expect(readdirSync(home).filter((name) => name.startsWith('x.'))).toEqual([]);
        const listed = await runCli(['runs', '--json'], { home });
        expect(listed, listed.stderr).toMatchObject({ code: 0 });
        const runs = lastLine(listed).runs as { run: string; status: string }[];
        expect(runs.map(({ run }) => run)).toContain('busy');
        expect(runs.find(({ run }) => run === 'changed')).toMatchObject({
          status: 'unreadable',
          error: { code: 'run-version', message: expect.stringMatching(message) },
        });
      });
    });

    test('amid its journal is refused with the line', async () => {
      const breaking = (text: string) => text.split('\n').with(2, '{"type":').join('\n');
      const refusal = { code: 'run-broken', message: /events\.jsonl line 3: not valid JSON/, hint: /rollscope repair/ };
      await changing(path.join(folder, 'events.jsonl'), breaking, async () => {
        await refuses(['resume', 'changed'], refusal);
        await refuses(['show', 'changed'], refusal);
      });
    });

    test('to another model is refused; a fingerprint of an earlier version is compared by the rule of its time', async () => {
      const run = path.join(folder, 'run.json');
      const recording = (fingerprint: string) => (text: string) =>
        text.replace(/"modelFingerprint": "[^"]+"/, `"modelFingerprint": "${fingerprint}"`);
      const refusal = {
        code: 'model',
        message: /The model embedded has changed since the run changed started/,
        hint: /Restore the original model/,
      };
      for (const other of [`sha256-${'0'.repeat(64)}`, '0'.repeat(32)]) {
        await changing(run, recording(other), () => refuses(['resume', 'changed'], refusal));
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

    test('in its data is refused', async () => {
      const message = /changed\.jsonl has changed since the run changed started/;
      const other = (text: string) => text.replace('5+2+5=', '5+2+6=');
      await changing(data, other, () =>
        refuses(['resume', 'changed'], { code: 'dataset', message, hint: /Restore the original file/ }),
      );
    });
  });
});

describe('no space left', () => {
  const args = [...BRIEF, '--steps', '8', '--batch', '8', '--checkpoint-every', '2', '--name', 'full', '--json'];

  /** How to run a shell that may mount file systems for itself alone: they are gone with it. */
  const namespace = ['unshare -m', 'unshare -rm', 'sudo -n unshare -m']
    .map((command) => command.split(' '))
    .find(([program, ...flags]) => {
      const mounting = spawnSync(program!, [...flags, 'mount', '-t', 'tmpfs', 'tmpfs', home], { stdio: 'ignore' });
      return mounting.status === 0;
    });
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
  ])('stops a run on $size with the file, and it goes on once there is', async ({ size, file: where }) => {
    const resume = 'CLI resume full --out OUT --json >&2 2>/dev/null';
    const ended = await within(size, `${train}\ncode=$?\nmount -o remount,size=64m OUT\n${resume}\nexit $code`);
    expect(ended, ended.stderr).toMatchObject({ code: 1, signal: null });
    const { message, hint } = complaintOf(ended);
    expect(message).toMatch(new RegExp(`^No space left on the disk (while writing|for) .*/${where}`));
    expect(hint).toMatch(/Free some space/);
    expect(lastLine(ended)).toMatchObject({ status: 'failed', error: { code: 'disk', message } });
    expect(ended.stderr).toMatch(/completed/);
  });

  test.runIf(mounts && namespace)('for the first file leaves nothing of the run', async () => {
    const ended = await within('4k', `${train}\ncode=$?\nls -A OUT >&2\nexit $code`);
    expect(ended, ended.stderr).toMatchObject({ code: 1, signal: null });
    const { message } = complaintOf(ended);
    expect(message).toMatch(/^No space left on the disk while writing .*\/full\//);
    expect(lastLine(ended)).toMatchObject({ error: { code: 'disk', message } });
    expect(ended.stderr).not.toMatch(/^full$/m);
  });

  test.runIf(process.platform !== 'win32')('or a bound on the size of files stops a run likewise', async () => {
    const out = place('bounded');
    // Blocks of 512 bytes.
    const body = `ulimit -f 32; exec '${process.execPath}' '${CLI}' train --out '${out}' ${args.join(' ')}`;
    const ended = await new Program('sh', ['-c', body], { env: { ROLLSCOPE_HOME: home } }).ended;
    expect(ended, ended.stderr).toMatchObject({ code: 1, signal: null });
    expect(complaintOf(ended).message).toMatch(/^Writing .*bounded\/full\/.* failed: EFBIG/);
    expect(lastLine(ended)).toMatchObject({ status: 'failed', error: { code: 'disk' } });
  });
});

describe('the engine lives on', () => {
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

  test('after starts that failed and after a run that failed, and runs the next one', async () => {
    await modelWithoutNumber(place('nan-served'), '5');
    const { program, client } = await engine();
    const before = readdirSync(place('runs')).sort();
    const bad = file('served.jsonl', '{"prompt":');
    await expect(client.request('start', { config: config({ dataset: { path: bad } }) })).rejects.toMatchObject({
      code: 'dataset',
      message: expect.stringContaining('served.jsonl:1'),
    });
    await expect(client.request('start', { config: config({ model: place('no-model') }) })).rejects.toMatchObject({
      code: 'model',
    });
    await expect(client.request('start', { config: config({ group: 5 }) })).rejects.toMatchObject({ code: 'config' });
    await expect(client.request('resume', { folder: place('no-run') })).rejects.toMatchObject({
      code: 'run-not-found',
    });
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
