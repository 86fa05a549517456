/** Which projections can have an adapter: what a model has, once. */
import { expect, test } from 'vitest';
import { parseHuggingFaceConfig } from '../../engine/model/huggingface-config.ts';
import { checkTargets, loraParameters } from '../../engine/model/lora.ts';
import { LoraConfig } from '../../engine/protocol/index.ts';
import { LORA_TARGETS } from '../../engine/protocol/settings/lora.ts';
import { shapeOf } from '../support/model-shapes.ts';
import { expectThrow } from '../support/refusals.ts';

const experts = parseHuggingFaceConfig(
  {
    ...{ model_type: 'olmoe', vocab_size: 64, hidden_size: 32, intermediate_size: 16, num_hidden_layers: 2 },
    ...{ num_attention_heads: 4, num_key_value_heads: 4, max_position_embeddings: 64, num_experts: 4 },
    ...{ num_experts_per_tok: 2, eos_token_id: 1, rms_norm_eps: 1e-5, tie_word_embeddings: false },
  },
  'config.json',
);

test('expert matrices are refused as LoRA targets', () => {
  const check = (...targets: (typeof LORA_TARGETS)[number][]) => checkTargets(experts, { targets }, 'tiny');
  const refused = { reason: 'no-such-lora-target', field: 'lora.targets', model: 'tiny' };
  expectThrow(() => check('up_proj'), 'config', { ...refused, value: 'up_proj' });
  expectThrow(() => check('q_proj', 'gate_proj', 'down_proj'), 'config', { ...refused, value: 'gate_proj,down_proj' });
  expect(() => check('q_proj', 'o_proj')).not.toThrow();
});

test('all projections together mean those that can have an adapter', () => {
  const lora = LoraConfig.parse({ rank: 4 });
  expect(() => checkTargets(experts, lora, 'tiny')).not.toThrow();
  const names = loraParameters(experts, lora).map(({ name }) => name);
  expect(names).toHaveLength(2 * 4 * 2);
  expect(names.every((name) => name.includes('self_attn'))).toBe(true);
  expect(() => checkTargets(shapeOf('Qwen3-0.6B'), { targets: [...LORA_TARGETS] }, 'x')).not.toThrow();
});
