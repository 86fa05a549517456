/** A decoder's configuration from the metadata of a GGUF file, and the names of its tensors there. */
import { significant } from '../protocol/format.ts';
import { architectureOf, byGgufName } from './architectures/index.ts';
import { checked, type DecoderConfig, refuseExperts, unknownArchitecture } from './config.ts';
import { ConfigFields } from './fields.ts';
import { type GgufFile, readGgufTensor } from './gguf.ts';
import { ggufRope } from './rope.ts';

/** What GGUF metadata alone does not say: which tensors the file has, and Llama 3's frequency divisors. */
export interface GgufContents {
  hasTensor(name: string): boolean;
  /** Contents of `rope_freqs.weight`: what each rotary frequency is divided by. */
  ropeDivisors: Float32Array | null;
}

/** Reads the decoder's configuration. Throws RollscopeError `model` for what is not supported. */
export async function readGgufConfig(gguf: GgufFile): Promise<DecoderConfig> {
  const divisors = gguf.tensors.get('rope_freqs.weight');
  let ropeDivisors: Float32Array | null = null;
  if (divisors) for await (const part of readGgufTensor(gguf.file, divisors)) ropeDivisors = part;
  const contents = { hasTensor: (name: string) => gguf.tensors.has(name), ropeDivisors };
  return parseGgufConfig(gguf.metadata, contents, gguf.file);
}

/**
 * Reads GGUF metadata (names and values of its key-value section). Throws RollscopeError `model` for a missing or bad field
 * and for what is not supported.
 */
export function parseGgufConfig(
  metadata: Readonly<Record<string, unknown>>,
  contents: GgufContents,
  file: string,
): DecoderConfig {
  const name = metadata['general.architecture'];
  refuseExperts(file, name, metadata[`${String(name)}.expert_count`]);
  const architecture = byGgufName(name);
  if (!architecture) throw unknownArchitecture(file, 'general.architecture', name);
  const { keys } = architecture.gguf;
  const fields = new ConfigFields(file, metadata, `${architecture.gguf.architecture}.`);
  const heads = fields.count(keys.heads);
  const hiddenSize = fields.count(keys.hiddenSize);
  const headDim = fields.count(keys.headDim, Math.floor(hiddenSize / heads));
  for (const other of ['attention.value_length', 'rope.dimension_count']) {
    if (fields.count(other, headDim) !== headDim) throw fields.unsupported(other);
  }
  const tokens = metadata['tokenizer.ggml.tokens'];
  const window = fields.get('attention.sliding_window') ? fields.count('attention.sliding_window') : Infinity;
  return checked(file, {
    architecture: architecture.name,
    block: architecture.block,
    vocabularySize: fields.count(keys.vocabularySize, Array.isArray(tokens) ? tokens.length : undefined),
    hiddenSize,
    layers: fields.count(keys.layers),
    heads,
    kvHeads: fields.count(keys.kvHeads, heads),
    headDim,
    intermediateSize: fields.count(keys.intermediateSize),
    ...ggufRope(fields, headDim, contents.ropeDivisors),
    rmsEps: float32Decimal(fields.positive(keys.rmsEps)),
    tiedEmbeddings: !contents.hasTensor('output.weight'),
    contextLength: Math.min(fields.count(keys.contextLength), window),
  });
}

/** The decimal that a float32 was written as: 9.99999974e-6 back to 1e-5. */
function float32Decimal(value: number): number {
  return significant(value, 7);
}

const OUTER_MODULES: Readonly<Record<string, string>> = {
  'model.embed_tokens': 'token_embd',
  'model.norm': 'output_norm',
  lm_head: 'output',
};

/** GGUF's name of a Hugging Face tensor: `model.layers.3.mlp.up_proj.weight` is `blk.3.ffn_up.weight`. */
export function ggufName({ architecture }: Pick<DecoderConfig, 'architecture'>, name: string): string {
  const [, module, kind] = /^(.+)\.(weight|bias)$/.exec(name)!;
  const layer = /^model\.layers\.(\d+)\.(.+)$/.exec(module!);
  if (!layer) return `${OUTER_MODULES[module!]}.${kind}`;
  return `blk.${layer[1]}.${architectureOf(architecture).gguf.layer[layer[2]!]}.${kind}`;
}
