/** Adapters and merged weights against peft (`tests/parity/oracle/peft_export.py`). */
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { architectureOf } from '../../engine/model/architectures/index.ts';
import type { DecoderConfig } from '../../engine/model/config.ts';
import { asOwnAdapter } from '../../engine/model/foreign-adapter.ts';
import { parseHuggingFaceConfig } from '../../engine/model/huggingface-config.ts';
import { loraParameters } from '../../engine/model/lora.ts';
import { type PeftAdapter, readPeftAdapter } from '../../engine/model/peft.ts';
import { readSafetensorsIndex, readTensor, type StoredTensor } from '../../engine/model/safetensors.ts';
import { openModel } from '../../engine/model/source.ts';
import { Weights } from '../../engine/model/weights.ts';
import { LoraConfig } from '../../engine/protocol/index.ts';
import type { Backend } from '../../engine/runtime/backend.ts';
import { openDevice } from '../../engine/runtime/devices/index.ts';
import { compileFunction } from '../../engine/runtime/function.ts';
import { exportWeights } from '../../engine/training/export.ts';
import { batchFeeds } from '../../engine/training/policy/batch-feeds.ts';
import { scoreGraph } from '../../engine/training/policy/score-graph.ts';
import { modelFolder, runWith } from '../support/adapter-run.ts';
import { temporaryFolder } from '../support/processes.ts';
import { expectRejection } from '../support/refusals.ts';

const GOLDEN = path.join(import.meta.dirname, 'golden');
const json = (...names: string[]) => JSON.parse(readFileSync(path.join(...names), 'utf8'));

interface Expected {
  model: string;
  sequences: { prompt: number[]; completion: number[]; logprob: number[]; entropy: number[] }[];
}

let backend: Backend;
beforeAll(async () => {
  backend = await openDevice('cpu', { threads: 1 });
});
afterAll(async () => backend.release());

/** Largest difference of log-probs and entropies to peft's. */
async function distance(
  { sequences }: Expected,
  config: DecoderConfig,
  tensors: ReadonlyMap<string, StoredTensor>,
  adapter: Omit<PeftAdapter, 'config'> | null,
): Promise<number> {
  const lora = LoraConfig.parse(adapter ? { rank: adapter.rank, alpha: adapter.alpha, targets: adapter.targets } : {});
  const nothing = { rank: 1, alpha: 1, targets: [] };
  const parameters = Object.fromEntries(
    [...(adapter?.tensors ?? [])].map(([name, { shape, data }]) => [name, backend.value('float32', shape, data)]),
  );
  const bind = (graph: ConstructorParameters<typeof Weights>[0]) =>
    new Weights(graph, config, tensors, adapter ? lora : nothing);
  const scorer = await compileFunction(backend, scoreGraph(bind, 64));
  let largest = 0;
  for (const { prompt, completion, logprob, entropy } of sequences) {
    const response = {
      tokens: Int32Array.from(completion),
      logprob: new Float32Array(completion.length),
      advantage: 0,
      truncated: false,
    };
    const group = { prompt: Int32Array.from(prompt), problem: 0, responses: [{ response, weight: 1 }] };
    const { batch } = batchFeeds(backend, [group], 1);
    const outputs = await scorer.run({ batch, parameters });
    for (const [found, expected] of [
      [await backend.read(outputs.logprob), logprob],
      [await backend.read(outputs.entropy), entropy],
    ] as const) {
      expect(found.length).toBe(expected.length);
      expected.forEach((value, t) => {
        largest = Math.max(largest, Math.abs(Number(found[t]) - value));
      });
    }
  }
  await scorer.release();
  return largest;
}

describe('an adapter with its own scale, ranks and targets', () => {
  const folder = path.join(GOLDEN, 'peft', 'scaled');
  const expected = json(folder, 'expected.json') as Expected;
  const config = parseHuggingFaceConfig(json(GOLDEN, expected.model, 'config.json'), expected.model);

  test.each([
    { rank: 4, alpha: 16 },
    { rank: 8, alpha: 8 },
  ])('votes as it does in peft, in a policy of rank $rank and alpha $alpha on all projections', async (given) => {
    const lora = LoraConfig.parse(given);
    const parameters = loraParameters(config, lora);
    const { tensors: base } = await readSafetensorsIndex(path.join(GOLDEN, expected.model, 'model.safetensors'));
    const read = await readPeftAdapter(folder);
    const values = asOwnAdapter(folder, read, lora, parameters, config);
    const tensors = new Map(parameters.map(({ name, shape }) => [name, { shape, data: values.get(name)! }]));
    expect(await distance(expected, config, base, { ...lora, baseModel: '', tensors })).toBeLessThan(2e-5);
    // Its own scale counts: with that of the policy its log-probs are others.
    const plain = asOwnAdapter(folder, { ...read, config: { lora_alpha: 8, r: 4 } }, lora, parameters, config);
    const others = new Map(parameters.map(({ name, shape }) => [name, { shape, data: plain.get(name)! }]));
    expect(await distance(expected, config, base, { ...lora, baseModel: '', tensors: others })).toBeGreaterThan(0.01);
  });
});

describe("an adapter's folder as a model", () => {
  const golden = path.join(GOLDEN, 'peft', 'scaled');
  const expected = json(golden, 'expected.json') as Expected;

  function adapterFolder(change: object = {}): { folder: string; base: string } {
    const base = modelFolder(expected.model);
    const folder = path.join(temporaryFolder(), 'adapter');
    cpSync(golden, folder, { recursive: true });
    const config = { ...json(golden, 'adapter_config.json'), base_model_name_or_path: base, ...change };
    writeFileSync(path.join(folder, 'adapter_config.json'), JSON.stringify(config));
    return { folder, base };
  }

  test('is its base model with the adapter merged into the weights', async () => {
    const { folder, base } = adapterFolder();
    const options = { cacheDir: temporaryFolder() };
    const opened = await openModel(folder, options);
    expect(await distance(expected, opened.config, opened.tensors, null)).toBeLessThan(2e-5);
    const plain = await openModel(base, options);
    expect(await distance(expected, plain.config, plain.tensors, null)).toBeGreaterThan(0.01);
    expect(opened).toMatchObject({ name: 'adapter', folder: base });
    expect(opened.fingerprint).not.toBe(plain.fingerprint);
  });

  test('is refused without a base model, or with one of another kind', async () => {
    const options = { cacheDir: temporaryFolder() };
    const nameless = adapterFolder({ base_model_name_or_path: null }).folder;
    const file = path.join(nameless, 'adapter_config.json');
    await expectRejection(openModel(nameless, options), 'model', { reason: 'no-base-model', file });
    const dora = adapterFolder({ use_dora: true }).folder;
    const facts = { reason: 'unsupported-adapter', policy: dora, field: 'use_dora' };
    await expectRejection(openModel(dora, options), 'model', facts);
  });
});

const CASES = ['all', 'some'] as const;

describe.each(CASES)("peft's adapter for %s projections", (name) => {
  const folder = path.join(GOLDEN, 'peft', name);
  const expected = json(folder, 'expected.json') as Expected;
  const config = parseHuggingFaceConfig(json(GOLDEN, expected.model, 'config.json'), expected.model);
  const base = path.join(GOLDEN, expected.model, 'model.safetensors');
  let adapter: PeftAdapter;
  beforeAll(async () => {
    adapter = await readPeftAdapter(folder);
  });

  test('has the tensors that this engine trains', () => {
    const { rank, alpha, targets } = adapter;
    const parameters = loraParameters(config, LoraConfig.parse({ rank, alpha, targets }));
    const shapes = (list: Iterable<readonly [string, readonly number[]]>) => Object.fromEntries(list);
    expect(shapes([...adapter.tensors].map(([key, { shape }]) => [key, shape]))).toEqual(
      shapes(parameters.map(({ name: key, shape }) => [key, shape])),
    );
  });

  test('gives the same log-probs and entropies as in peft', async () => {
    const { tensors } = await readSafetensorsIndex(base);
    expect(await distance(expected, config, tensors, adapter)).toBeLessThan(2e-5);
    expect(await distance(expected, config, tensors, null)).toBeGreaterThan(0.1);
  });

  test('is exported as peft saves it', async () => {
    const out = path.join(temporaryFolder(), 'adapter');
    const origin = modelFolder(expected.model);
    const run = await runWith({ ...adapter, baseModel: expected.model }, origin);
    expect(await exportWeights(run, 'peft', out)).toEqual({ step: 1 });
    expect(readdirSync(out).sort()).toEqual(['adapter_config.json', 'adapter_model.safetensors']);
    const [ours, theirs] = await Promise.all(
      [out, folder].map((where) => readSafetensorsIndex(path.join(where, 'adapter_model.safetensors'))),
    );
    expect([...ours!.tensors.keys()].sort()).toEqual([...theirs!.tensors.keys()].sort());
    for (const [key, tensor] of theirs!.tensors) {
      const mine = ours!.tensors.get(key)!;
      expect([mine.dtype, mine.shape], key).toEqual([tensor.dtype, tensor.shape]);
      expect(await readTensor(mine), key).toEqual(await readTensor(tensor));
    }
    const written = json(out, 'adapter_config.json');
    const saved = json(folder, 'adapter_config.json');
    const sorted = (value: unknown) => (Array.isArray(value) ? [...value].sort() : value);
    // The base is where another program finds it, not the bare name of its folder.
    const same = { ...saved, base_model_name_or_path: origin };
    for (const [key, value] of Object.entries(written)) expect(sorted(value), key).toEqual(sorted(same[key]));
    // What loading goes by must be said, not left to defaults that may change.
    expect(Object.keys(written)).toEqual(
      expect.arrayContaining(['peft_type', 'task_type', 'r', 'lora_alpha', 'target_modules', 'use_rslora', 'use_dora']),
    );
  });

  test('reports a base model that peft cannot load', async () => {
    const run = await runWith({ ...adapter, baseModel: 'm.gguf' }, path.resolve('m.gguf'));
    const out = path.join(temporaryFolder(), 'adapter');
    expect(await exportWeights(run, 'peft', out)).toEqual({ step: 1, note: expect.any(String) });
  });

  test('is merged as peft merges it, into its own model folder', async () => {
    const out = path.join(temporaryFolder(), 'merged');
    const origin = modelFolder(expected.model);
    writeFileSync(path.join(origin, 'model.safetensors.index.json'), '{}');
    await exportWeights(await runWith(adapter, origin), 'safetensors', out);
    expect(readdirSync(out).sort()).toEqual([
      'config.json',
      'model.safetensors',
      'tokenizer.json',
      'tokenizer_config.json',
    ]);
    const merged = await openModel(out);
    expect(merged.config).toEqual(config);
    const className = architectureOf(config.architecture).huggingFace.className;
    expect(json(out, 'config.json')).toMatchObject({ torch_dtype: 'float32', architectures: [className] });
    expect(json(out, 'config.json')).not.toHaveProperty('dtype');
    const { tensors: golden } = await readSafetensorsIndex(path.join(folder, 'merged.safetensors'));
    for (const [key, stored] of golden) {
      const found = await readTensor(merged.tensors.get(key)!);
      const right = await readTensor(stored);
      right.forEach((value, i) => {
        if (!(Math.abs(found[i]! - value) < 2e-6)) expect.fail(`${key}[${i}] is ${found[i]} instead of ${value}`);
      });
    }
    const { tensors: before } = await readSafetensorsIndex(base);
    const embedding = 'model.embed_tokens.weight';
    expect(await readTensor(merged.tensors.get(embedding)!)).toEqual(await readTensor(before.get(embedding)!));
    expect(await distance(expected, merged.config, merged.tensors, null)).toBeLessThan(2e-5);
  });
});

test.each(['tiny-llama', 'tiny-qwen2', 'tiny-qwen3', 'tiny-olmo2'])(
  'a merged model from a GGUF file (%s) is a Hugging Face folder with its configuration and tokenizer',
  async (name) => {
    const file = path.join(GOLDEN, 'gguf', `${name}.gguf`);
    const cacheDir = temporaryFolder();
    const before = await openModel(file, { cacheDir });
    const parameters = loraParameters(before.config, LoraConfig.parse({ rank: 1, targets: ['q_proj'] }));
    const tensors = new Map(
      parameters.map(({ name: key, shape }) => [
        key,
        { shape, data: new Float32Array(shape[0]! * shape[1]!).fill(0.5) },
      ]),
    );
    const run = await runWith({ rank: 1, alpha: 4, targets: ['q_proj'], baseModel: name, tensors }, file);
    const out = path.join(temporaryFolder(), 'merged');
    process.env.ROLLSCOPE_CACHE = cacheDir;
    try {
      await exportWeights(run, 'safetensors', out);
    } finally {
      delete process.env.ROLLSCOPE_CACHE;
    }
    const after = await openModel(out);
    expect(after.config).toEqual(before.config);
    expect(after.tokenizer).toMatchObject({
      vocabularySize: before.tokenizer.vocabularySize,
      eosIds: before.tokenizer.eosIds,
      hasChatTemplate: false,
    });
    for (const text of ['abc<end>', 'abab cab', '']) {
      expect(after.tokenizer.encode(text)).toEqual(before.tokenizer.encode(text));
    }
    for (const [key, stored] of before.tensors) {
      const values = await readTensor(stored);
      // alpha / rank = 4 times 0.5 x 0.5.
      const expected = key.endsWith('q_proj.weight') ? values.map((value) => value + 1) : values;
      expect(await readTensor(after.tensors.get(key)!), key).toEqual(expected);
    }
  },
);
