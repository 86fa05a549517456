/** Converts a decoder's configuration from and to Hugging Face's `config.json`. */
import { RollscopeError } from '../protocol/errors.ts';
import type { HuggingFaceNames } from './architectures/architecture.ts';
import { architectureOf, byModelType, type KnownArchitecture } from './architectures/index.ts';
import type { DecoderBlock, Projection } from './block.ts';
import { checked, type DecoderConfig, refuseExperts, unknownArchitecture } from './config.ts';
import { ConfigFields } from './fields.ts';
import { huggingFaceRope, toHuggingFaceRope } from './rope.ts';
import { plainTraits, type Traits } from './traits.ts';

const ACTIVATIONS: Readonly<Record<string, Traits['activation']>> = {
  silu: 'silu',
  swish: 'silu',
  gelu_pytorch_tanh: 'gelu tanh',
  gelu_new: 'gelu tanh',
  gelu_fast: 'gelu tanh',
};

function activation(fields: ConfigFields, names: HuggingFaceNames['activation']): Traits['activation'] {
  const { keys, default: otherwise } = names ?? { keys: ['hidden_act'], default: 'silu' };
  const key = keys.find((name) => fields.get(name) !== undefined) ?? keys[0]!;
  const found = ACTIVATIONS[String(fields.get(key) ?? otherwise)];
  if (!found) throw fields.unsupported(key);
  return found;
}

/** The decoder block, with biases that the file's options add. */
function blockOf({ block, huggingFace }: KnownArchitecture, fields: ConfigFields): DecoderBlock {
  const added = Object.entries(huggingFace.biasOptions).flatMap(([key, names]) =>
    fields.flag(key, false) ? names : [],
  );
  return added.length === 0 ? block : { ...block, biases: [...block.biases, ...added] };
}

/** Number of dimensions of a head that are rotated. */
function rotated(headDim: number, partial: number, fields: ConfigFields): number {
  const dim = Math.floor(headDim * partial);
  // Rotating a whole head of odd dimension is an error in the file or does not matter: `checked` decides.
  if (partial > 1 || (partial < 1 && dim % 2 !== 0)) throw fields.unsupported('partial_rotary_factor', partial);
  return dim;
}

/**
 * Parses a `config.json`. `file` is named in errors. Throws RollscopeError `model` for missing, invalid or unsupported
 * fields: other architectures, quantized weights, other activations, other types of RoPE scaling, and whatever the
 * architecture itself refuses.
 */
export function parseHuggingFaceConfig(json: unknown, file: string): DecoderConfig {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new RollscopeError('model', `${file}: not a JSON object.`, 'Download the model again.', {
      details: { reason: 'not-an-object', file },
    });
  }
  const fields = new ConfigFields(file, json as Record<string, unknown>);
  const modelType = fields.get('model_type');
  const architecture = byModelType(modelType);
  if (!architecture?.hasExperts) {
    refuseExperts(file, modelType, fields.get('num_local_experts') ?? fields.get('num_experts'));
  }
  const given = fields.get('architectures');
  const classes = Array.isArray(given) ? given : [];
  const isCausal = classes.some((c) => /ForCausalLM$|LMHeadModel$/.test(String(c)));
  if (!architecture) throw unknownArchitecture(file, 'model_type', modelType, isCausal);
  if (classes.length > 0 && !isCausal) throw unknownArchitecture(file, 'architectures', classes);
  if (fields.get('quantization_config') !== undefined) {
    throw new RollscopeError(
      'model',
      `${file}: quantized weights (quantization_config) are not supported in Hugging Face folders.`,
      'Use the unquantized model, or a GGUF file of it.',
      { details: { reason: 'unsupported', file, field: 'quantization_config' } },
    );
  }
  const { keys, defaults, off, read } = architecture.huggingFace;
  for (const option of off) if (fields.flag(option, false)) throw fields.unsupported(option);

  const heads = fields.count(keys.heads);
  const hiddenSize = fields.count(keys.hiddenSize);
  // Null means one key-value head per head; a missing key means the class default.
  const kvHeads = fields.has(keys.kvHeads) ? heads : (defaults.kvHeads ?? heads);
  const headDim = fields.count(keys.headDim, defaults.headDim ?? Math.floor(hiddenSize / heads));
  const layers = fields.count(keys.layers);
  const { partial, ...rope } = huggingFaceRope(fields);
  return checked(file, {
    ...plainTraits(headDim),
    ...rope,
    architecture: architecture.name,
    block: blockOf(architecture, fields),
    vocabularySize: fields.count(keys.vocabularySize),
    hiddenSize,
    layers,
    heads,
    kvHeads: fields.count(keys.kvHeads, kvHeads),
    headDim,
    rotaryDim: rotated(headDim, partial, fields),
    intermediateSize: fields.count(
      keys.intermediateSize,
      defaults.intermediateSize === null ? 4 * hiddenSize : undefined,
    ),
    activation: activation(fields, architecture.huggingFace.activation),
    rmsEps: fields.positive(keys.rmsEps, defaults.rmsEps),
    tiedEmbeddings: fields.flag('tie_word_embeddings', defaults.tied ?? false),
    contextLength: fields.count(keys.contextLength),
    ...read?.(fields, { layers, hiddenSize, heads, headDim }),
  });
}

/** The `config.json` of a decoder with float32 weights: transformers computes the same from it. */
export function toHuggingFaceConfig(config: DecoderConfig) {
  const {
    modelType,
    className,
    keys,
    off,
    biasOptions,
    write,
    activation: names,
  } = architectureOf(config.architecture).huggingFace;
  const has = (options: readonly Projection[]) => options.every((name) => config.block.biases.includes(name));
  return {
    architectures: [className],
    model_type: modelType,
    [keys.vocabularySize]: config.vocabularySize,
    [keys.hiddenSize]: config.hiddenSize,
    [keys.intermediateSize]: config.intermediateSize,
    [keys.layers]: config.layers,
    [keys.heads]: config.heads,
    [keys.kvHeads]: config.kvHeads,
    [keys.headDim]: config.headDim,
    [names?.keys[0] ?? 'hidden_act']: config.activation === 'silu' ? 'silu' : 'gelu_pytorch_tanh',
    [keys.contextLength]: config.contextLength,
    [keys.rmsEps]: config.rmsEps,
    ...toHuggingFaceRope(config),
    tie_word_embeddings: config.tiedEmbeddings,
    ...Object.fromEntries(off.map((option) => [option, false])),
    ...Object.fromEntries(Object.entries(biasOptions).map(([option, of]) => [option, has(of)])),
    ...write?.(config),
    torch_dtype: 'float32',
  };
}
