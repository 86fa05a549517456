/** Adapters of other policies: their own scale, ranks and targets count, or an error names what does not work. */
import { describe, expect, test } from 'vitest';
import { asOwnAdapter } from '../../engine/model/foreign-adapter.ts';
import { shapeOf } from '../support/model-shapes.ts';
import { expectThrow } from '../support/refusals.ts';

const CONFIG = shapeOf('SmolLM2-135M', 2);
const MODULE = 'model.layers.0.self_attn.q_proj';
const [A, B] = [`${MODULE}.lora_A.weight`, `${MODULE}.lora_B.weight`];
const OTHER = 'model.layers.0.self_attn.v_proj';
const LORA = { rank: 2, alpha: 4 };
const PARAMETERS = [MODULE, OTHER].flatMap((module) => [
  { name: `${module}.lora_A.weight`, shape: [2, 3] },
  { name: `${module}.lora_B.weight`, shape: [2, 2] },
]);

function adapter(config: Record<string, unknown> = {}, rank = 2, names = [A, B]) {
  const shapes = [
    [rank, 3],
    [2, rank],
  ];
  const tensors = new Map(
    names.map((name, i) => {
      const shape = shapes[i] ?? [1, 1];
      return [name, { shape, data: Float32Array.from({ length: shape[0]! * shape[1]! }, (_, at) => at + 1) }];
    }),
  );
  return { config: { peft_type: 'LORA', r: rank, lora_alpha: 4, bias: 'none', ...config }, tensors };
}

const valuesOf = (given: ReturnType<typeof adapter>) => {
  const values = asOwnAdapter('/voter', given, LORA, PARAMETERS, CONFIG);
  return { a: [...values.get(A)!], b: [...values.get(B)!], other: [...values.get(`${OTHER}.lora_B.weight`)!] };
};

describe('the scale', () => {
  test.each<[string, Record<string, unknown>, number]>([
    ['of the policy', {}, 1],
    ['of its own alpha', { lora_alpha: 8 }, 2],
    ['of rsLoRA', { use_rslora: true }, Math.SQRT2],
    ['of a pattern', { alpha_pattern: { q_proj: 12 } }, 3],
    ['of a pattern by the whole name', { alpha_pattern: { [`^${MODULE.replaceAll('.', '\\.')}$`]: 12 } }, 3],
    ['of a pattern for another module', { alpha_pattern: { v_proj: 12, proj: 5 } }, 1],
    ['of a rank by a pattern, which its tensors have', { r: 16, rank_pattern: { q_proj: 2 } }, 1],
  ])('%s', (_, config, ratio) => {
    const { a, b, other } = valuesOf(adapter(config));
    expect(a).toEqual([1, 2, 3, 4, 5, 6]);
    expect(b).toEqual([1, 2, 3, 4].map((value) => expect.closeTo(value * ratio, 5)));
    expect(other).toEqual([0, 0, 0, 0]);
  });

  test('a lower rank is padded with zeros', () => {
    // 4 / 1 instead of 4 / 2.
    expect(valuesOf(adapter({}, 1))).toMatchObject({ a: [1, 2, 3, 0, 0, 0], b: [2, 0, 4, 0] });
  });
});

describe('a foreign adapter', () => {
  const refuses = (given: ReturnType<typeof adapter>, facts: Record<string, unknown>) =>
    expectThrow(() => valuesOf(given), 'model', { policy: '/voter', ...facts });

  test.each<[Record<string, unknown>, string]>([
    [{ peft_type: 'IA3' }, 'peft_type IA3'],
    [{ use_dora: true }, 'use_dora'],
    [{ modules_to_save: ['lm_head'] }, 'modules_to_save'],
    [{ bias: 'all' }, 'bias all'],
    [{ lora_bias: true }, 'lora_bias'],
    [{ init_lora_weights: 'pissa' }, 'init_lora_weights pissa'],
    [{ alpha_pattern: { 'layers\\.[0-3]\\..*': 4 } }, 'alpha_pattern layers\\.[0-3]\\..*'],
    [{ layer_replication: [[0, 2]] }, 'layer_replication'],
  ])('with %j', (config, field) => refuses(adapter(config), { reason: 'unsupported-adapter', field }));

  test('is accepted with options that have no effect', () => {
    const nothing = { modules_to_save: null, layer_replication: [], loftq_config: {}, use_dora: false };
    expect(() => valuesOf(adapter({ ...nothing, init_lora_weights: 'gaussian' }))).not.toThrow();
  });

  test('is refused if it changes what does not train, has a larger rank, lacks a half, or is empty', () => {
    refuses(adapter({}, 2, [A, B, 'lm_head.weight']), { reason: 'unknown-tensor', field: 'lm_head.weight' });
    refuses(adapter({}, 3), { reason: 'other-shape', field: A });
    refuses(adapter({}, 2, [A]), { reason: 'missing-tensor', field: B });
    refuses(adapter({}, 2, []), { reason: 'empty-adapter' });
  });
});
