/** Shapes of known models from their `config.json`, for random checkpoints and estimates. */
import type { DecoderConfig } from '../../engine/model/config.ts';
import { parseHuggingFaceConfig } from '../../engine/model/huggingface-config.ts';
import { parameterShapes } from '../../engine/model/parameters.ts';

const common = { max_position_embeddings: 32_768, rms_norm_eps: 1e-6, tie_word_embeddings: true, eos_token_id: 1 };
const smollm2 = { ...common, model_type: 'llama', rope_theta: 1e5, vocab_size: 49_152 };
const qwen3 = {
  ...common,
  ...{ model_type: 'qwen3', rope_theta: 1e6, vocab_size: 151_936, num_hidden_layers: 28 },
  ...{ num_attention_heads: 16, num_key_value_heads: 8, head_dim: 128 },
};

const SHAPES = {
  'SmolLM2-135M': {
    ...smollm2,
    ...{ hidden_size: 576, intermediate_size: 1536, num_hidden_layers: 30 },
    ...{ num_attention_heads: 9, num_key_value_heads: 3 },
  },
  'SmolLM2-360M': {
    ...smollm2,
    ...{ hidden_size: 960, intermediate_size: 2560, num_hidden_layers: 32 },
    ...{ num_attention_heads: 15, num_key_value_heads: 5 },
  },
  'Qwen2.5-0.5B': {
    ...common,
    ...{ model_type: 'qwen2', rope_theta: 1e6, vocab_size: 151_936, num_hidden_layers: 24 },
    ...{ hidden_size: 896, intermediate_size: 4864, num_attention_heads: 14, num_key_value_heads: 2 },
  },
  'Qwen3-0.6B': { ...qwen3, hidden_size: 1024, intermediate_size: 3072 },
  'Qwen3-1.7B': { ...qwen3, hidden_size: 2048, intermediate_size: 6144 },
  /** Two narrow layers in SmolLM2's architecture, for software devices. */
  tiny: {
    ...smollm2,
    ...{ vocab_size: 256, hidden_size: 64, intermediate_size: 96, num_hidden_layers: 2 },
    ...{ num_attention_heads: 4, num_key_value_heads: 2 },
  },
} as const;

export type ShapeName = keyof typeof SHAPES;

/** `layers`: overrides the model's number of layers. */
export function shapeOf(name: ShapeName, layers?: number): DecoderConfig {
  const config = parseHuggingFaceConfig(SHAPES[name], 'config.json');
  return { ...config, layers: layers ?? config.layers };
}

/** The model's `config.json`, for other programs. */
export function huggingFaceShape(name: ShapeName): Record<string, unknown> {
  return { ...SHAPES[name] };
}

export function parametersOf(config: DecoderConfig): number {
  return [...parameterShapes(config).values()].reduce((sum, dims) => sum + dims.reduce((a, b) => a * b, 1), 0);
}
