/** Tiny random decoders with golden values from PyTorch (`tests/parity/oracle/tiny_models.py`). */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ARCHITECTURES } from '../../engine/model/architectures/index.ts';
import type { DecoderConfig } from '../../engine/model/config.ts';
import { folderWeights } from '../../engine/model/folder-weights.ts';
import { parseHuggingFaceConfig } from '../../engine/model/huggingface-config.ts';
import { readSafetensorsIndex, readTensor, type StoredTensor } from '../../engine/model/safetensors.ts';
import { trainableParameters, Weights } from '../../engine/model/weights.ts';
import { type LoraConfig, LoraConfig as LoraSchema } from '../../engine/protocol/index.ts';
import type { Backend, Value } from '../../engine/runtime/backend.ts';
import type { Graph, Named } from '../../engine/tensor/index.ts';
import type { Parameter } from '../../engine/tensor/optimizer.ts';
import { temporaryFolder } from './processes.ts';

const GOLDEN = path.join(import.meta.dirname, '..', 'parity', 'golden');

/** One per architecture; a new one has no golden values until the script has run. */
export const TINY_MODELS = ARCHITECTURES.map(({ name }) => `tiny-${name}` as const);
export type TinyName = (typeof TINY_MODELS)[number];

interface Statistics {
  logprob: number[];
  entropy: number[];
  logsumexp: number[];
  meanLogit: number[];
  top1: number[];
  top2: number[];
}

interface Expected {
  temperature: number;
  sequences: { prompt: number[]; completion: number[]; weights: number[] }[];
  dense: { loss: number; statistics: Statistics[] };
  withLora?: { loss: number; statistics: Statistics[] };
}

export interface TinyModel {
  config: DecoderConfig;
  tensors: Map<string, StoredTensor>;
  expected: Expected;
  golden: Map<string, StoredTensor>;
  lora: LoraConfig | null;
  parameters: Parameter[];
  bind: (graph: Graph) => Weights;
  values: (backend: Backend) => Promise<Named<Value>>;
  /** PyTorch's gradient of a parameter. */
  gradient: (name: string) => Promise<Float32Array>;
}

/** Whether golden values with an adapter exist too. */
export function hasLora(name: TinyName): boolean {
  const expected = JSON.parse(readFileSync(path.join(GOLDEN, name, 'expected.json'), 'utf8')) as Expected;
  return expected.withLora != null;
}

export async function tinyModel(name: TinyName, withLora: boolean): Promise<TinyModel> {
  return modelWithNumbers(path.join(GOLDEN, name), withLora);
}

/** A model in a folder written by the script. Throws RollscopeError `model` if it is not supported. */
export async function modelWithNumbers(folder: string, withLora: boolean): Promise<TinyModel> {
  const name = path.basename(folder);
  const json = (file: string) => JSON.parse(readFileSync(path.join(folder, file), 'utf8'));
  const config = parseHuggingFaceConfig(json('config.json'), `${name}/config.json`);
  const { tensors: all } = await readSafetensorsIndex(path.join(folder, 'model.safetensors'));
  const place = { cacheDir: temporaryFolder(), fingerprint: name };
  const tensors = await folderWeights({ folder, config, all, unsupported: new Map() }, place);
  const { tensors: golden } = await readSafetensorsIndex(path.join(folder, 'expected.safetensors'));
  const lora = withLora ? LoraSchema.parse({ rank: 4, alpha: 8 }) : null;
  const parameters = trainableParameters(config, tensors, lora);
  return {
    config,
    tensors,
    expected: json('expected.json') as Expected,
    golden,
    lora,
    parameters,
    bind: (graph) => new Weights(graph, config, tensors, lora),
    values: async (backend) =>
      Object.fromEntries(
        await Promise.all(
          parameters.map(async ({ name: parameter, shape }) => {
            const stored = lora ? golden.get(`lora.${parameter}`) : tensors.get(parameter);
            return [parameter, backend.value('float32', shape, await readTensor(stored!))] as const;
          }),
        ),
      ),
    gradient: (parameter) => readTensor(golden.get(`${lora ? 'lora_grad' : 'grad'}.${parameter}`)!),
  };
}
