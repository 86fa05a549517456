/** The tiny random decoders whose numbers PyTorch has written down (`tests/parity/oracle/tiny_models.py`). */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type DecoderConfig, parseHuggingFaceConfig } from '../../engine/model/config.ts';
import { trainableParameters, Weights } from '../../engine/model/decoder.ts';
import type { Parameter } from '../../engine/model/lora.ts';
import { readSafetensorsIndex, readTensor, type StoredTensor } from '../../engine/model/safetensors.ts';
import { type LoraConfig, LoraConfig as LoraSchema } from '../../engine/protocol/index.ts';
import type { Backend, Value } from '../../engine/runtime/backend.ts';
import type { Graph, Named } from '../../engine/tensor/index.ts';

export const TINY_MODELS = ['tiny-llama', 'tiny-qwen2', 'tiny-qwen3'] as const;

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

export async function tinyModel(name: (typeof TINY_MODELS)[number], withLora: boolean): Promise<TinyModel> {
  const folder = path.join(import.meta.dirname, '..', 'parity', 'golden', name);
  const json = (file: string) => JSON.parse(readFileSync(path.join(folder, file), 'utf8'));
  const config = parseHuggingFaceConfig(json('config.json'), `${name}/config.json`);
  const { tensors } = await readSafetensorsIndex(path.join(folder, 'model.safetensors'));
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
