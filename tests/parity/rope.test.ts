/** Rotary frequencies against transformers (`tests/parity/oracle/rope.py`). */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { parseGgufConfig } from '../../engine/model/gguf-config.ts';
import { parseHuggingFaceConfig } from '../../engine/model/huggingface-config.ts';
import { rotaryFrequencies, rotaryScale } from '../../engine/model/rope.ts';
import { expectThrow } from '../support/refusals.ts';

interface Case {
  name: string;
  fields: Record<string, unknown> & { rope_theta: number; rope_scaling: Record<string, unknown> | null };
  frequencies: number[];
  divisors: number[];
}

const cases = JSON.parse(readFileSync(path.join(import.meta.dirname, 'golden', 'rope.json'), 'utf8')) as Case[];
const OTHERS = { model_type: 'llama', vocab_size: 10, num_hidden_layers: 1, intermediate_size: 4 };

function expectFrequencies(config: Parameters<typeof rotaryFrequencies>[0], expected: readonly number[]): void {
  const found = rotaryFrequencies(config);
  expect(found).toHaveLength(expected.length);
  for (const [i, value] of expected.entries()) expect(Math.abs(found[i]! / value - 1)).toBeLessThan(2e-6);
}

function ggufConfig({ fields }: Case, divisors: readonly number[] | null) {
  const metadata = {
    'general.architecture': 'llama',
    'llama.vocab_size': 10,
    'llama.block_count': 1,
    'llama.feed_forward_length': 4,
    'llama.attention.layer_norm_rms_epsilon': 1e-5,
    'llama.embedding_length': fields.hidden_size,
    'llama.attention.head_count': fields.num_attention_heads,
    'llama.context_length': fields.max_position_embeddings,
    'llama.rope.freq_base': fields.rope_theta,
  };
  const contents = {
    hasTensor: () => false,
    divisors: { plain: divisors, short: null, long: null },
  };
  return parseGgufConfig(metadata, contents, 'model.gguf');
}

test('some of the models scale their frequencies', () => {
  expect(cases.filter(({ fields }) => fields.rope_scaling).map(({ name }) => name)).toEqual([
    'Llama-3.1-8B',
    'Llama-3.2-1B',
  ]);
});

test.each(cases)(
  '$name: config.json, in both spellings, gives the same frequencies as transformers',
  ({ fields, frequencies }) => {
    const config = parseHuggingFaceConfig({ ...OTHERS, ...fields }, 'config.json');
    expectFrequencies(config, frequencies);
    const { rope_theta, rope_scaling, ...rest } = fields;
    const nested = { rope_parameters: { rope_type: 'default', ...rope_scaling, rope_theta } };
    expect(parseHuggingFaceConfig({ ...OTHERS, ...rest, ...nested }, 'config.json')).toEqual(config);
  },
);

test.each(cases)('$name: the divisors of a GGUF file give the same', (given) => {
  const config = ggufConfig(given, given.divisors);
  expectFrequencies(config, given.frequencies);
  expect(config.ropeScaling).toEqual(parseHuggingFaceConfig({ ...OTHERS, ...given.fields }, 'config.json').ropeScaling);
});

test('other divisors are used as they are; another number of them is refused', () => {
  const given = cases.at(-1)!;
  const { rope_theta } = given.fields;
  const other = given.divisors.map((value, i) => (i === given.divisors.length - 1 ? value / 2 : value));
  const plain = rotaryFrequencies({ rotaryDim: 2 * other.length, ropeTheta: rope_theta, ropeScaling: null });
  const config = ggufConfig(given, other);
  expectFrequencies(
    config,
    plain.map((frequency, i) => frequency / other[i]!),
  );
  expect(rotaryScale(config.ropeScaling)).toBe(1);
  const facts = { reason: 'unsupported', file: 'model.gguf', field: 'tensor', value: 'rope_freqs.weight' };
  expectThrow(() => ggufConfig(given, other.slice(1)), 'model', facts);
});
