/** A decoder's configuration from and to Hugging Face's `config.json`. */
import { RollscopeError } from '../protocol/errors.ts';
import type { HuggingFaceNames } from './architectures/architecture.ts';
import { architectureOf, byModelType } from './architectures/index.ts';
import { checked, type DecoderConfig, refuseExperts, unknownArchitecture } from './config.ts';
import { ConfigFields } from './fields.ts';
import { huggingFaceRope, toHuggingFaceRope } from './rope.ts';

/** The window, in tokens, that some layer's attention is limited to; infinite when none is. */
function slidingWindow(fields: ConfigFields, window: HuggingFaceNames['window']): number {
  if (!window || (window.switch !== null && !fields.flag(window.switch, false))) return Number.POSITIVE_INFINITY;
  const usual = fields.has(window.key) ? null : window.default;
  if (fields.get(window.key) === undefined) return usual ?? Number.POSITIVE_INFINITY;
  return fields.count(window.key);
}

/**
 * Reads a `config.json`. `file` is named in errors. Throws RollscopeError `model` for a missing or bad field and for what
 * is not supported: other architectures, experts, quantized weights, other activations, rope scaling other than Llama 3's,
 * and what the architecture itself refuses.
 */
export function parseHuggingFaceConfig(json: unknown, file: string): DecoderConfig {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new RollscopeError('model', `${file}: not a JSON object.`, 'Download the model again.', {
      details: { reason: 'not-an-object', file },
    });
  }
  const fields = new ConfigFields(file, json as Record<string, unknown>);
  const modelType = fields.get('model_type');
  refuseExperts(file, modelType, fields.get('num_local_experts') ?? fields.get('num_experts'));
  const architecture = byModelType(modelType);
  if (!architecture) throw unknownArchitecture(file, 'model_type', modelType);
  const classes = fields.get('architectures');
  if (Array.isArray(classes) && classes.length > 0 && !classes.some((c) => String(c).endsWith('ForCausalLM'))) {
    throw unknownArchitecture(file, 'architectures', classes);
  }
  if (fields.get('quantization_config') !== undefined) {
    throw new RollscopeError(
      'model',
      `${file}: quantized weights (quantization_config) are not supported in Hugging Face folders.`,
      'Use the unquantized model, or a GGUF file of it.',
      { details: { reason: 'unsupported', file, field: 'quantization_config' } },
    );
  }
  if ((fields.get('hidden_act') ?? 'silu') !== 'silu') throw fields.unsupported('hidden_act');
  const { keys, defaults, off, window } = architecture.huggingFace;
  for (const option of off) if (fields.flag(option, false)) throw fields.unsupported(option);

  const heads = fields.count(keys.heads);
  const hiddenSize = fields.count(keys.hiddenSize);
  // A null says one for each head; a missing key says what the class has.
  const kvHeads = fields.has(keys.kvHeads) ? heads : (defaults.kvHeads ?? heads);
  return checked(file, {
    architecture: architecture.name,
    block: architecture.block,
    vocabularySize: fields.count(keys.vocabularySize),
    hiddenSize,
    layers: fields.count(keys.layers),
    heads,
    kvHeads: fields.count(keys.kvHeads, kvHeads),
    headDim: fields.count(keys.headDim, defaults.headDim ?? Math.floor(hiddenSize / heads)),
    intermediateSize: fields.count(keys.intermediateSize),
    ...huggingFaceRope(fields),
    rmsEps: fields.positive(keys.rmsEps, defaults.rmsEps),
    tiedEmbeddings: fields.flag('tie_word_embeddings', false),
    contextLength: Math.min(fields.count(keys.contextLength), slidingWindow(fields, window)),
  });
}

/** The `config.json` of a decoder, for weights in float32: transformers computes the same from it. */
export function toHuggingFaceConfig(config: DecoderConfig) {
  const { modelType, className, keys, off, window } = architectureOf(config.architecture).huggingFace;
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
    hidden_act: 'silu',
    [keys.contextLength]: config.contextLength,
    [keys.rmsEps]: config.rmsEps,
    ...toHuggingFaceRope(config),
    tie_word_embeddings: config.tiedEmbeddings,
    ...Object.fromEntries(off.map((option) => [option, false])),
    // The context is no longer than the window was.
    ...(window && (window.switch === null ? { [window.key]: null } : { [window.switch]: false })),
    torch_dtype: 'float32',
  };
}
