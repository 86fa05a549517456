/** What every architecture's definition must contain, and what an error must name. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  ARCHITECTURES,
  byGgufName,
  byModelType,
  describeArchitectures,
} from '../../engine/model/architectures/index.ts';
import type { DecoderConfig } from '../../engine/model/config.ts';
import { readGguf } from '../../engine/model/gguf.ts';
import { ggufName, readGgufConfig } from '../../engine/model/gguf-config.ts';
import { ggufTensors } from '../../engine/model/gguf-weights.ts';
import { parseHuggingFaceConfig, toHuggingFaceConfig } from '../../engine/model/huggingface-config.ts';
import { parameterShapes } from '../../engine/model/parameters.ts';
import { ROOT, temporaryFolder } from '../support/processes.ts';
import { expectRejection, expectThrow } from '../support/refusals.ts';

const SIZES = {
  vocab_size: 24,
  hidden_size: 16,
  intermediate_size: 24,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  max_position_embeddings: 64,
  sliding_window: null,
};
const parse = (fields: object) => parseHuggingFaceConfig({ ...SIZES, ...fields }, 'config.json');

describe.each(ARCHITECTURES)('$name', ({ name, huggingFace, gguf }) => {
  const config = parse({ model_type: name });

  test('is found by the name that Hugging Face gives it, and is written by that name', () => {
    expect(byModelType(huggingFace.modelType)?.name).toBe(name);
    const written: DecoderConfig[] = [
      config,
      { ...config, tiedEmbeddings: true, ropeTheta: 5e5, headDim: 8, rmsEps: 3e-6 },
      {
        ...config,
        ropeScaling: { factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalContextLength: 8192 },
      },
    ];
    for (const given of written) {
      const json = toHuggingFaceConfig(given);
      expect(json).toMatchObject({ architectures: [huggingFace.className], model_type: huggingFace.modelType });
      expect(parseHuggingFaceConfig(JSON.parse(JSON.stringify(json)), 'config.json')).toEqual(given);
    }
  });

  test('has a GGUF name of its own for every tensor, and is read as what computes the same', () => {
    const names = [...parameterShapes(config).keys()].map((key) => ggufName(config, key));
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((text) => text.includes('undefined'))).toEqual([]);
    expect(byGgufName(gguf.architecture)?.block).toEqual(config.block);
  });

  test.each(huggingFace.off)('refuses %s by name, without a list of architectures', (option) => {
    const facts = { reason: 'unsupported', file: 'config.json', field: option, value: true };
    expectThrow(() => parse({ model_type: name, [option]: true }), 'model', facts);
    expect(() => parse({ model_type: name, [option]: true })).toThrow(
      expect.objectContaining({ hint: expect.not.stringContaining('llama') }),
    );
  });
});

test('an architecture that is not known is refused with those that are', () => {
  const mamba = { reason: 'unsupported', file: 'config.json', field: 'model_type', value: 'mamba' };
  expectThrow(() => parse({ model_type: 'mamba' }), 'model', mamba);
  const experts = (value: string) => ({ reason: 'mixture-of-experts', file: 'config.json', value });
  expectThrow(() => parse({ model_type: 'qwen3_moe' }), 'model', experts('qwen3_moe'));
  expectThrow(() => parse({ model_type: 'llama', num_local_experts: 8 }), 'model', experts('llama'));
});

test('what a config.json leaves out is what transformers takes', () => {
  const { num_key_value_heads: _, sliding_window: __, ...rest } = SIZES;
  const sparse = (fields: object) =>
    parseHuggingFaceConfig({ ...rest, num_attention_heads: 32, hidden_size: 64, ...fields }, 'config.json');
  expect(sparse({ model_type: 'llama' })).toMatchObject({ kvHeads: 32, headDim: 2, rmsEps: 1e-6 });
  expect(sparse({ model_type: 'olmo2' })).toMatchObject({ kvHeads: 32, rmsEps: 1e-5 });
  expect(sparse({ model_type: 'mistral' })).toMatchObject({ kvHeads: 8 });
  expect(sparse({ model_type: 'qwen3' })).toMatchObject({ headDim: 128 });
  const long = { max_position_embeddings: 32_768 };
  expect(sparse({ model_type: 'mistral', ...long })).toMatchObject({ contextLength: 4096 });
  expect(sparse({ model_type: 'mistral', ...long, sliding_window: null })).toMatchObject({ contextLength: 32_768 });
  const window = { ...long, sliding_window: 1024 };
  expect(sparse({ model_type: 'qwen2', ...window })).toMatchObject({ contextLength: 32_768 });
  expect(sparse({ model_type: 'qwen2', ...window, use_sliding_window: true })).toMatchObject({ contextLength: 1024 });
});

test('an error names a tensor that the architecture does not have; it is not left out silently', async () => {
  const gguf = await readGguf(path.join(ROOT, 'tests', 'parity', 'golden', 'gguf', 'tiny-llama.gguf'));
  const config = await readGgufConfig(gguf);
  const options = { cacheDir: temporaryFolder(), fingerprint: 'f' };
  const norm = gguf.tensors.get('blk.0.attn_norm.weight')!;
  const having = (name: string) => ({ ...gguf, tensors: new Map([...gguf.tensors, [name, { ...norm, name }]]) });
  const refused = ggufTensors(having('blk.0.attn_q.bias'), config, options);
  await expectRejection(refused, 'model', { reason: 'unknown-tensor', file: gguf.file, field: 'blk.0.attn_q.bias' });
  await expect(ggufTensors(having('rope_freqs.weight'), config, options)).resolves.toBeInstanceOf(Map);
});

test('the README lists them', () => {
  const row = readFileSync(path.join(ROOT, 'README.md'), 'utf8')
    .split('\n')
    .find((line) => line.startsWith('| models |'));
  expect(row).toBe(`| models | dense decoders of the architectures ${describeArchitectures()} |`);
});

test.each([
  ['layers', { num_hidden_layers: 1e9 }, { field: 'layers', value: 1e9 }],
  ['a width', { hidden_size: 2 ** 40 }, { field: 'hidden_size', value: 2 ** 40 }],
])('an impossible number of %s is refused at once', (_, fields, facts) => {
  const refusal = { reason: 'bad-field', file: 'config.json', ...facts };
  expectThrow(() => parse({ model_type: 'llama', ...fields }), 'model', refusal);
});
