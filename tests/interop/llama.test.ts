/** GGUF files that are written are loaded by llama.cpp (`node-llama-cpp`), which draws the same tokens from them. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { ARCHITECTURES } from '../../engine/model/architectures/index.ts';
import type { DecoderConfig } from '../../engine/model/config.ts';
import { readGguf } from '../../engine/model/gguf.ts';
import { GGUF_TYPES, type GgufType, writeGgufModel } from '../../engine/model/gguf-out.ts';
import { sameTokenizer } from '../../engine/model/gguf-out-tokenizer.ts';
import { parameterShapes } from '../../engine/model/parameters.ts';
import { readTensor } from '../../engine/model/safetensors.ts';
import type { TensorToWrite } from '../../engine/model/safetensors-write.ts';
import { type ModelSource, openModel } from '../../engine/model/source.ts';
import { Weights } from '../../engine/model/weights.ts';
import { type SampledRollout, Sampler } from '../../engine/rollout/sampler.ts';
import { openDevice } from '../../engine/runtime/devices/index.ts';
import { nodeEnvironment } from '../support/interop.ts';
import { temporaryFolder } from '../support/processes.ts';
import { requireOrSkip } from '../support/skip.ts';

const environment = nodeEnvironment('llama');
const there = requireOrSkip(
  'node-llama-cpp',
  environment !== null,
  'node tests/interop/environments.mjs FOLDER llama makes it',
);

const GOLDEN = path.join(import.meta.dirname, '..', 'parity', 'golden', 'gguf');
const TOKENS = 12;
/** Largest difference of a log-probability: llama.cpp rounds activations to 16 bits for F16, to 8 for blocks. */
const WITHIN: Record<GgufType, number> = { F16: 0.02, Q8_0: 0.1, Q4_0: 0.1 };
/** A rounded activation can choose other experts. */
const WITHIN_EXPERTS: Record<GgufType, number> = { F16: 0.02, Q8_0: 0.5, Q4_0: 0.5 };

/** For each prompt and each token drawn: the likeliest tokens with their log-probabilities, most likely first. */
type Drawn = [token: number, logprob: number][][];

async function llamaDraws(file: string, prompts: number[][]): Promise<Drawn[]> {
  const requests = path.join(temporaryFolder(), 'requests.json');
  writeFileSync(requests, JSON.stringify([{ file, prompts, tokens: TOKENS, likeliest: 2 }]));
  const script = path.join(import.meta.dirname, 'llama.mjs');
  const { stdout } = await promisify(execFile)(process.execPath, [script, environment!, requests]);
  return JSON.parse(stdout.trim().split('\n').at(-1)!)[0];
}

async function weDraw({ config, tensors }: ModelSource, prompts: number[][]): Promise<SampledRollout[]> {
  const backend = await openDevice('cpu', { threads: 1 });
  const weights = await Promise.all(
    [...tensors].map(
      async ([name, stored]) => [name, backend.value('float32', stored.shape, await readTensor(stored))] as const,
    ),
  );
  const sampler = new Sampler({
    ...{ backend, config, eosIds: [], positions: 64, memory: 1e9 },
    bind: (graph) => new Weights(graph, config, tensors, null),
    parameters: () => Object.fromEntries(weights),
  });
  const found: SampledRollout[] = [];
  await sampler.sample({
    prompts: prompts.map((tokens, problem) => ({ problem, tokens: Int32Array.from(tokens) })),
    sampling: { temperature: 0, topP: 1, topK: 0, maxTokens: TOKENS },
    ...{ rows: 1, seed: 1, stream: 'rollout', step: 0 },
    onGroup: (i, [rollout]) => {
      found[i] = rollout!;
    },
  });
  await sampler.release();
  await backend.release();
  return found;
}

const isNorm = (name: string) => name.endsWith('norm.weight');

/** Numbers between -0.5 and 0.5, the same every time; norms are ones. */
function someWeights(config: DecoderConfig): Map<string, TensorToWrite> {
  let state = 5;
  const random = () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return state / 2 ** 31 - 0.5;
  };
  return new Map(
    [...parameterShapes(config)].map(([name, shape]) => {
      const size = shape.reduce((a, b) => a * b, 1);
      return [name, { shape, data: Float32Array.from({ length: size }, () => (isNorm(name) ? 1 : random())) }];
    }),
  );
}

/** The shapes that llama.cpp has of an architecture. */
function asLlamaHasIt(name: string, config: DecoderConfig): DecoderConfig {
  if (name === 'olmoe') return { ...config, kvHeads: config.heads };
  const { ropeScaling: scaling } = config;
  if (scaling?.type === 'longrope') {
    // A context of the least size that llama.cpp makes is to be within the original one; windows it leaves out here.
    const wide = { contextLength: 8192, ropeScaling: { ...scaling, originalContextLength: 4096 } };
    return { ...config, ...wide, kinds: config.kinds.map((kind) => ({ ...kind, window: null })) };
  }
  return name.startsWith('gemma') ? { ...config, attentionScale: 1 / Math.sqrt(config.headDim) } : config;
}

type Change = (config: DecoderConfig) => Partial<DecoderConfig>;

async function written(name: string, type: GgufType, change?: Change): Promise<{ file: string; source: ModelSource }> {
  const from = path.join(GOLDEN, `tiny-${name}.gguf`);
  const tiny = await openModel(from, { cacheDir: temporaryFolder() });
  const read = await Promise.all(
    [...tiny.tensors].map(
      async ([key, stored]) => [key, { shape: stored.shape, data: await readTensor(stored) }] as const,
    ),
  );
  const usual = asLlamaHasIt(name, tiny.config);
  const config = { ...usual, ...change?.(usual) };
  const tensors = name === 'olmoe' || change ? someWeights(config) : new Map<string, TensorToWrite>(read);
  const tokenizer = sameTokenizer((await readGguf(from)).metadata);
  const file = path.join(temporaryFolder(), 'out.gguf');
  // By its name llama.cpp looks for Phi-3's own tokens.
  await writeGgufModel(file, { name: 'tiny', config, tensors, tokenizer }, type);
  return { file, source: await openModel(file, { cacheDir: temporaryFolder() }) };
}

// Mistral's files are Llama's.
const files = ARCHITECTURES.filter(({ name }) => name !== 'mistral').flatMap(({ name }) =>
  GGUF_TYPES.map((type) => ({ name, type })),
);

const YARN = { type: 'yarn', factor: 4, originalContextLength: 16, betaFast: 16, betaSlow: 2, truncate: true } as const;
const LLAMA3 = { type: 'llama3', factor: 8, lowFrequencyFactor: 1.5, highFrequencyFactor: 3 } as const;
const ALL_BIASES = ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'] as const;
/** What the golden files do not have. */
const OTHERS: { name: string; what: string; change: Change }[] = [
  ...['llama', 'qwen3', 'smollm3', 'granite'].map((name) => ({
    name,
    what: 'six heads of ten numbers',
    change: () => ({ heads: 6, kvHeads: 2, headDim: 10, rotaryDim: 10, hiddenSize: 32 }),
  })),
  ...['llama', 'granite'].flatMap((name) => [
    {
      name,
      what: 'biases everywhere',
      change: ({ block }: DecoderConfig) => ({ block: { ...block, biases: ALL_BIASES } }),
    },
    { name, what: 'divisors', change: () => ({ ropeScaling: { ...LLAMA3, originalContextLength: 32 } }) },
  ]),
  ...['llama', 'qwen2', 'olmo3', 'phi3'].map((name) => ({
    name,
    what: 'YaRN with a growth of its own',
    change: () => ({ ropeScaling: { ...YARN, attentionFactor: 1.4 } }),
  })),
];

describe.runIf(there)('llama.cpp', () => {
  const unusual = OTHERS.map((other) => ({ ...other, type: 'F16' as const }));
  const all = [...files.map((file) => ({ ...file, what: 'its own shapes', change: undefined })), ...unusual];
  test.each(all)('draws the same tokens from $name with $what in $type', async ({ name, type, change }) => {
    const { file, source } = await written(name, type, change);
    const size = source.config.vocabularySize;
    const prompts = [3, 9, 20].map((length) => Array.from({ length }, (_, i) => (7 * i + length) % size));
    const [theirs, ours] = [await llamaDraws(file, prompts), await weDraw(source, prompts)];
    const within = (source.config.experts ? WITHIN_EXPERTS : WITHIN)[type];
    theirs.forEach((steps, prompt) => {
      for (const [i, [[token, logprob], [, next]]] of (steps as [[number, number], [number, number]][]).entries()) {
        // After a near tie the texts may differ.
        if (logprob - next < 2 * within && ours[prompt]!.tokens[i] !== token) return;
        expect(ours[prompt]!.tokens[i], `token ${i} of prompt ${prompt}`).toBe(token);
        const difference = Math.abs(ours[prompt]!.logprob[i]! - logprob);
        expect(difference, `token ${i} of prompt ${prompt}`).toBeLessThan(within);
      }
    });
  });
});
