/**
 * Random decoders of every architecture in odd shapes, in sharded files of float16 and bfloat16, with tied and untied unembeddings:
 * greedy tokens and a whole GRPO step, of an adapter and of all weights, are those of transformers and torch.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DecoderConfig } from '../../engine/model/config.ts';
import { folderWeights } from '../../engine/model/folder-weights.ts';
import { parseHuggingFaceConfig } from '../../engine/model/huggingface-config.ts';
import {
  readSafetensorsFolder,
  readSafetensorsIndex,
  readTensor,
  type StoredTensor,
} from '../../engine/model/safetensors.ts';
import { trainableParameters, Weights } from '../../engine/model/weights.ts';
import { LoraConfig, LossConfig, OptimizerConfig } from '../../engine/protocol/index.ts';
import type { Backend } from '../../engine/runtime/backend.ts';
import { openDevice } from '../../engine/runtime/devices/index.ts';
import type { Graph } from '../../engine/tensor/index.ts';
import { Trainer } from '../../engine/training/policy/trainer.ts';
import { farthest } from '../support/golden-gradients.ts';
import { greedyTokens } from '../support/greedy.ts';
import { interpreter } from '../support/interop.ts';
import { temporaryFolder } from '../support/processes.ts';
import { requireOrSkip } from '../support/skip.ts';

const python = interpreter('trl');
const there = requireOrSkip(
  'transformers',
  python !== null,
  'node tests/interop/environments.mjs .cache/interop trl makes it',
);

const LORA = LoraConfig.parse({ rank: 2, alpha: 5 });
const LOSS = LossConfig.parse({ normalizer: 'grpo', epochs: 2, clipLow: 0.2, clipHigh: 0.28 });
const OPTIMIZER = OptimizerConfig.parse({
  ...{ lr: 1e-2, beta1: 0.9, beta2: 0.98, epsilon: 1e-3, weightDecay: 0.1, clipNorm: 0.5 },
});
/** Logits that are closer than this may be rounded the other way round. */
const TOLERANCE = 1e-3;

type Kind = 'dense' | 'lora';

interface Expected {
  greedy: { prompt: number[]; tokens: number[]; cached: number[]; margins: number[] }[];
  groups: {
    prompt: number[];
    responses: { tokens: number[]; advantage: number; denseLogprob: number[]; loraLogprob: number[] }[];
  }[];
  dense: { loss: number; norm: number };
  lora: { loss: number; norm: number };
}

interface Model {
  folder: string;
  config: DecoderConfig;
  tensors: Map<string, StoredTensor>;
  expected: Expected;
}

async function opened(folder: string): Promise<Model> {
  const json = (file: string) => JSON.parse(readFileSync(path.join(folder, file), 'utf8'));
  const config = parseHuggingFaceConfig(json('config.json'), folder);
  const { tensors: all, unsupported } = await readSafetensorsFolder(folder);
  const place = { cacheDir: temporaryFolder(), fingerprint: 'odd' };
  const tensors = await folderWeights({ folder, config, all, unsupported }, place);
  return { folder, config, tensors, expected: json('expected.json') as Expected };
}

async function values(file: string): Promise<Map<string, Float32Array>> {
  const { tensors } = await readSafetensorsIndex(file);
  return new Map(await Promise.all([...tensors].map(async ([name, one]) => [name, await readTensor(one)] as const)));
}

/** What a step makes of the parameters, next to what torch does. */
async function stepDifferences(backend: Backend, { folder, config, tensors, expected }: Model, kind: Kind) {
  const lora = kind === 'lora' ? LORA : null;
  const parameters = trainableParameters(config, tensors, lora);
  const initial = lora
    ? await values(path.join(folder, 'adapter.safetensors'))
    : new Map(await Promise.all([...tensors].map(async ([name, one]) => [name, await readTensor(one)] as const)));
  const trainer = new Trainer({
    ...{ backend, config, parameters, initial, loss: LOSS, optimizer: OPTIMIZER, positions: 64 },
    bind: (graph: Graph) => new Weights(graph, config, tensors, lora),
    ...{ maxTokens: 16, temperature: 0.7, memory: 2 ** 30 },
  });
  const groups = expected.groups.map(({ prompt, responses }, problem) => ({
    problem,
    prompt: Int32Array.from(prompt),
    responses: responses.map(({ tokens, advantage, ...logprobs }) => ({
      tokens: Int32Array.from(tokens),
      logprob: Float32Array.from(logprobs[`${kind}Logprob`]),
      advantage,
      truncated: false,
    })),
  }));
  const { loss, gradientNorm } = await trainer.update(groups, OPTIMIZER.lr, () => {});
  const after = await trainer.weights();
  await trainer.release();
  const theirs = await values(path.join(folder, `${kind}.safetensors`));
  expect([...after.keys()].sort()).toEqual([...theirs.keys()].sort());
  // Before the step they were the same: what moved them is compared.
  const steps = [...after].map(([name, { data }]) => {
    const from = initial.get(name)!;
    const moved = (to: Float32Array) => to.map((value, i) => value - from[i]!);
    return { name, ...farthest(moved(data), moved(theirs.get(name)!)) };
  });
  return { loss: loss! - expected[kind].loss, norm: gradientNorm! / expected[kind].norm - 1, steps };
}

describe.runIf(there)('unusual shapes', () => {
  let backend: Backend;
  const folder = temporaryFolder();

  beforeAll(async () => {
    const seed = process.env.STEPS_SEED ?? '1';
    execFileSync(python!, [path.join(import.meta.dirname, 'step_models.py'), folder, seed], { stdio: 'pipe' });
    backend = await openDevice('cpu', { threads: 1 });
  });
  afterAll(async () => backend?.release());

  test('give the same greedy tokens and GRPO step as transformers and torch', async () => {
    const wrong: Record<string, unknown> = {};
    const names = readdirSync(folder);
    expect(names).toHaveLength(28);
    for (const name of names) {
      const model = await opened(path.join(folder, name)).catch((error: unknown) => {
        wrong[name] = (error as { details?: object }).details ?? String(error);
        return null;
      });
      if (!model) continue;
      expect(readdirSync(model.folder).filter((file) => /^model-.*safetensors$/.test(file)).length).toBeGreaterThan(1);
      const { config, tensors, expected } = model;
      const prompts = expected.greedy.map(({ prompt }) => prompt);
      const drawn = await greedyTokens({ config, tensors }, prompts, { backend, tokens: 16 });
      for (const [i, { tokens, margins }] of expected.greedy.entries()) {
        const first = drawn[i]!.tokens.findIndex((token, t) => token !== tokens[t]);
        if (first >= 0 && margins[first]! > TOLERANCE)
          wrong[`${name} greedy ${i}`] = { first, ours: [...drawn[i]!.tokens], tokens };
      }
      for (const kind of ['dense', 'lora'] as const) {
        const { loss, norm, steps } = await stepDifferences(backend, model, kind);
        if (!(Math.abs(loss) < 1e-5 && Math.abs(norm) < 1e-4)) wrong[`${name} ${kind}`] = { loss, norm };
        const far = steps.filter(({ difference }) => !(difference < 1e-5));
        if (far.length > 0) wrong[`${name} ${kind} step`] = far;
      }
    }
    expect(wrong).toEqual({});
  });
});
