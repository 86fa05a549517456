/**
 * For error messages about unsupported models: which of their features is unsupported, and the nearest supported
 * architecture.
 */
import { ARCHITECTURES, type ArchitectureName, type KnownArchitecture } from './index.ts';

/** The prefix of `model_type` or of the GGUF name, the unsupported feature of such models, and the nearest architecture. */
type Kind = readonly [start: string, has: string, nearest: ArchitectureName | null];

const RECURRENT = 'recurrent layers';
const HYBRID = 'recurrent layers in addition to attention';
const IMAGES = 'image inputs';
const SHARED_EXPERTS = 'shared experts, which every token uses';
const LATENT = 'multi-head latent attention (MLA)';
const PARALLEL = 'attention and MLP in parallel';
const OWN_EXPERTS = 'experts of a different kind than those of Qwen3 MoE and OLMoE';
const ENCODER = 'an encoder';
const BIDIRECTIONAL = 'bidirectional attention';
const SQUARED_RELU = 'an MLP with a squared ReLU';
const OWN_TENSOR_NAMES = 'tensor names of its own';

/** If several match, the longest prefix applies. */
const KINDS: readonly Kind[] = [
  ...(['mamba', 'rwkv', 'xlstm', 'falcon_mamba'] as const).map((start): Kind => [start, RECURRENT, null]),
  ...(['t5', 'mt5', 'bart', 'whisper', 'umt5'] as const).map((start): Kind => [start, ENCODER, null]),
  ...(['bert', 'roberta', 'modernbert', 'deberta', 'electra', 'clip', 'siglip'] as const).map(
    (start): Kind => [start, BIDIRECTIONAL, null],
  ),
  ...(['jamba', 'zamba', 'bamba', 'falcon_h1', 'nemotron_h'] as const).map((start): Kind => [start, HYBRID, 'llama']),
  ...(['llava', 'idefics', 'internvl', 'paligemma', 'mllama'] as const).map((start): Kind => [start, IMAGES, 'llama']),
  ...(['dbrx', 'mixtral', 'grok', 'minimax', 'phimoe', 'hunyuan_v1_moe', 'hunyuan_moe'] as const).map(
    (start): Kind => [start, OWN_EXPERTS, 'qwen3_moe'],
  ),
  ['gpt_oss', 'attention sinks, and experts with biases', 'qwen3_moe'],
  ['gpt_neox', PARALLEL, 'gpt2'],
  ['gptneox', PARALLEL, 'gpt2'],
  ['gptj', PARALLEL, 'gpt2'],
  ['gpt', 'a different kind of attention', 'gpt2'],
  ['bloom', 'ALiBi position biases', 'gpt2'],
  ['mpt', 'ALiBi position biases', 'gpt2'],
  ['opt', 'an MLP with ReLU', 'gpt2'],
  ['phi', `${PARALLEL}, or image inputs`, 'phi3'],
  ['falcon', PARALLEL, 'llama'],
  ['cohere', PARALLEL, 'llama'],
  ['command_r', PARALLEL, 'llama'],
  ['stablelm', 'layer norms with rotary positions', 'llama'],
  ['starcoder2', 'layer norms with rotary positions', 'llama'],
  ['nemotron', SQUARED_RELU, 'llama'],
  ['arcee', SQUARED_RELU, 'llama'],
  ['bitnet', SQUARED_RELU, 'llama'],
  ['apertus', 'an activation with trainable parameters (xIELU)', 'llama'],
  ['deepseek', `${LATENT}, and ${SHARED_EXPERTS}`, 'qwen3_moe'],
  ['kimi', `${LATENT}, and ${SHARED_EXPERTS}`, 'qwen3_moe'],
  ['minicpm3', LATENT, 'granite'],
  ['minicpm', 'multipliers of its own', 'granite'],
  ['llama4', `${OWN_EXPERTS}, and layers without positions`, 'llama'],
  ['llama', 'layers of a different kind', 'llama'],
  ['baichuan', OWN_TENSOR_NAMES, 'llama'],
  ['internlm', OWN_TENSOR_NAMES, 'llama'],
  ['exaone4', 'norms after attention, and layers without positions', 'olmo2'],
  ['exaone', OWN_TENSOR_NAMES, 'llama'],
  ['openelm', 'layers of different widths', 'llama'],
  ['ernie4_5_moe', SHARED_EXPERTS, 'qwen3_moe'],
  ['ernie', 'rotary positions with interleaved pairs', 'llama'],
  ['glm4_moe', SHARED_EXPERTS, 'qwen3_moe'],
  ['glm', 'rotary positions with interleaved pairs', 'llama'],
  ['chatglm', 'rotary positions with interleaved pairs', 'llama'],
  ['hunyuan', 'norms of queries and keys after their rotation', 'qwen3'],
  ['seed_oss', OWN_TENSOR_NAMES, 'qwen2'],
  ['smolvlm', IMAGES, 'smollm3'],
  ['smol', 'layers of a different kind', 'smollm3'],
  ['lfm2', 'convolutions in addition to attention', 'smollm3'],
  ['recurrent_gemma', HYBRID, 'gemma2'],
  ['gemma4', 'layers of a different kind', 'gemma3_text'],
  ['gemma3n', 'embeddings for each layer', 'gemma3_text'],
  ['gemma3', IMAGES, 'gemma3_text'],
  ['gemma', 'no norms after attention and MLP', 'gemma2'],
  ['qwen3_next', HYBRID, 'qwen3_moe'],
  ['qwen3next', HYBRID, 'qwen3_moe'],
  ['qwen3_5', HYBRID, 'qwen3'],
  ['qwen35', HYBRID, 'qwen3'],
  ['qwen3_vl', IMAGES, 'qwen3'],
  ['qwen3vl', IMAGES, 'qwen3'],
  ['qwen3', 'layers of a different kind', 'qwen3'],
  ['qwen2_moe', SHARED_EXPERTS, 'qwen3_moe'],
  ['qwen2moe', SHARED_EXPERTS, 'qwen3_moe'],
  ['qwen2', 'image or audio inputs', 'qwen2'],
  ['qwen', OWN_TENSOR_NAMES, 'qwen2'],
  ['mistral3', IMAGES, 'mistral'],
  ['mistral', 'layers of a different kind', 'mistral'],
  ['ministral', 'layers of a different kind', 'mistral'],
  ['pixtral', IMAGES, 'mistral'],
  ['olmo', 'layers of a different kind', 'olmo2'],
  ['granitemoehybrid', HYBRID, 'granite'],
  ['granitehybrid', HYBRID, 'granite'],
  ['granitemoe', OWN_EXPERTS, 'granite'],
  ['granite', 'layers of a different kind', 'granite'],
];

/** What is known about an unsupported kind of model. */
export interface UnsupportedKind {
  /** Its unsupported feature. */
  readonly has: string | null;
  /** The supported architecture with the most similar block; null if there is none or nothing is known. */
  readonly nearest: KnownArchitecture | null;
}

/**
 * Looks up its `model_type`, GGUF name or classes; none of these describes its layers. `likely`: the nearest
 * architecture for unknown models, such as a mixture of experts or a causal decoder.
 */
export function unsupportedKind(name: unknown, likely: ArchitectureName | null): UnsupportedKind {
  const text = String(Array.isArray(name) ? name[0] : name)
    .toLowerCase()
    .replaceAll('-', '_');
  const unknown: Kind = ['', '', likely];
  const isSupported = ARCHITECTURES.some((architecture) => architecture.name === text);
  const [, has, near] = isSupported
    ? unknown
    : KINDS.filter(([start]) => text.startsWith(start)).reduce(
        (longest, kind) => (kind[0].length > longest[0].length ? kind : longest),
        unknown,
      );
  return {
    has: Array.isArray(name) ? null : has || null,
    nearest: ARCHITECTURES.find((architecture) => architecture.name === near) ?? null,
  };
}
