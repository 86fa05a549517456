/** Faulty models: copies of the embedded one with changed weights, and GGUF headers. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { readSafetensorsIndex, readTensor } from '../../engine/model/safetensors.ts';
import { writeSafetensors } from '../../engine/model/safetensors-write.ts';
import { ROOT } from './processes.ts';

export const EMBEDDED_MODEL = path.join(ROOT, 'engine', 'embedded', 'model');

type Weights = Map<string, { shape: readonly number[]; data: Float32Array }>;

/** Copies the embedded model into `folder`, with an untied head, and lets `change` modify its weights. */
export async function changedModel(folder: string, change: (weights: Weights) => void): Promise<void> {
  cpSync(EMBEDDED_MODEL, folder, { recursive: true });
  const config = JSON.parse(readFileSync(path.join(folder, 'config.json'), 'utf8')) as object;
  writeFileSync(path.join(folder, 'config.json'), JSON.stringify({ ...config, tie_word_embeddings: false }));
  const file = path.join(folder, 'model.safetensors');
  const weights: Weights = new Map();
  for (const [name, stored] of (await readSafetensorsIndex(file)).tensors) {
    weights.set(name, { shape: stored.shape, data: await readTensor(stored) });
  }
  const { shape, data } = weights.get('model.embed_tokens.weight')!;
  weights.set('lm_head.weight', { shape, data: data.slice() });
  change(weights);
  await writeSafetensors(file, weights);
}

/** Token id of a character in the embedded vocabulary. */
function tokenOf(character: string): number {
  const tokenizer = JSON.parse(readFileSync(path.join(EMBEDDED_MODEL, 'tokenizer.json'), 'utf8'));
  return tokenizer.model.vocab[character] as number;
}

/** A model that computes NaN for every text with the character in it, and equals the original for all others. */
export async function modelWithoutNumber(folder: string, character: string): Promise<void> {
  const token = tokenOf(character);
  await changedModel(folder, (weights) => {
    // its weights are finite: a coordinate used only by this character overflows in the first norm, and is then multiplied
    // by zeros
    const width = weights.get('model.embed_tokens.weight')!.shape[1]!;
    const firstOfRows = (name: string, value: (row: number) => number) => {
      const { data } = weights.get(name)!;
      for (let at = 0; at < data.length; at += width) data[at] = value(at / width);
    };
    firstOfRows('model.embed_tokens.weight', (row) => (row === token ? 100 : 0));
    weights.get('model.layers.0.input_layernorm.weight')!.data[0] = 3e38;
    for (const name of ['q', 'k', 'v']) firstOfRows(`model.layers.0.self_attn.${name}_proj.weight`, () => 0);
  });
}

/** A model with the same outputs, whose gradients overflow when squared and summed. */
export async function modelWithSteepHead(folder: string): Promise<void> {
  const scale = (factor: number) => (x: number) => x * factor;
  await changedModel(folder, (weights) => {
    for (const [name, factor] of [
      ['model.norm.weight', 1e22],
      ['lm_head.weight', 1e-22],
    ] as const) {
      const tensor = weights.get(name)!;
      weights.set(name, { ...tensor, data: tensor.data.map(scale(factor)) });
    }
  });
}

/** The beginning of a GGUF file (version 3): text metadata, and float32 tensors without their data. */
export function ggufHeader(metadata: Record<string, string>, tensors: Record<string, number[]> = {}): Buffer {
  const u32 = (value: number) => Buffer.from(Uint32Array.of(value).buffer);
  const u64 = (value: number) => Buffer.from(BigUint64Array.of(BigInt(value)).buffer);
  const text = (value: string) => Buffer.concat([u64(Buffer.byteLength(value)), Buffer.from(value)]);
  return Buffer.concat([
    Buffer.from('GGUF'),
    u32(3),
    u64(Object.keys(tensors).length),
    u64(Object.keys(metadata).length),
    ...Object.entries(metadata).map(([key, value]) => Buffer.concat([text(key), u32(8), text(value)])),
    ...Object.entries(tensors).map(([name, shape]) =>
      Buffer.concat([text(name), u32(shape.length), ...shape.map(u64), u32(0), u64(0)]),
    ),
  ]);
}
