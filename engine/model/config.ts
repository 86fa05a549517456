/** The configuration of a decoder, whatever file it came from (`huggingface-config.ts`, `gguf-config.ts`). */
import { RollscopeError } from '../protocol/errors.ts';
import { ARCHITECTURES, type ArchitectureName } from './architectures/index.ts';
import { unsupportedKind } from './architectures/nearest.ts';
import type { DecoderBlock } from './block.ts';
import { unsupported } from './fields.ts';
import type { Rope, Traits } from './traits.ts';

export interface DecoderConfig extends Traits, Rope {
  architecture: ArchitectureName;
  block: DecoderBlock;
  vocabularySize: number;
  hiddenSize: number;
  layers: number;
  heads: number;
  kvHeads: number;
  /** Dimension of a head; heads * headDim may differ from hiddenSize. */
  headDim: number;
  intermediateSize: number;
  rmsEps: number;
  /** Whether the embedding matrix is also the unembedding, without `lm_head.weight`. */
  tiedEmbeddings: boolean;
  /** Maximum sequence length in tokens. */
  contextLength: number;
}

/**
 * Maximum sequence length in tokens for which results match transformers: with LongRoPE, sequences longer than the
 * original context use other frequencies, from their first token on.
 */
export function longestSequence({
  contextLength,
  ropeScaling,
}: Pick<DecoderConfig, 'contextLength' | 'ropeScaling'>): number {
  return ropeScaling?.type === 'longrope' ? Math.min(contextLength, ropeScaling.originalContextLength) : contextLength;
}

/**
 * The error for a model whose architecture is not in the registry; `isCausal`: whether the file says that it is a
 * decoder.
 */
export function unknownArchitecture(file: string, field: string, value: unknown, isCausal = false): RollscopeError {
  return unsupported(file, field, value ?? null, kinds(value, isCausal ? 'llama' : null));
}

function kinds(value: unknown, likely: ArchitectureName | null): string {
  const { has, nearest } = unsupportedKind(value, likely);
  const sentences = [
    has && `Such a model has ${has}, which Rollscope does not support.`,
    nearest && `The nearest supported architecture is ${nearest.name} (${nearest.models}).`,
    `Rollscope supports decoder models: ${ARCHITECTURES.map(({ name }) => name).join(', ')}.`,
  ];
  return sentences.filter(Boolean).join(' ');
}

/** Throws `model` for a mixture of experts of an architecture that is not supported with experts. */
export function refuseExperts(file: string, architecture: unknown, experts: unknown): void {
  if ((typeof experts === 'number' && experts > 0) || /moe|mixtral/i.test(String(architecture))) {
    throw new RollscopeError(
      'model',
      `${file}: ${String(architecture)} is a mixture of experts of a kind that is not supported.`,
      kinds(architecture, 'qwen3_moe'),
      { details: { reason: 'mixture-of-experts', file, value: architecture } },
    );
  }
}

/** Far above every known model, and small enough to list the tensors of every layer. */
const MAX_LAYERS = 2048;

/**
 * Checks constraints between fields, so that a bad file is reported here and not as a shape error deep in a graph.
 * @throws RollscopeError `model` with file, field and value
 */
export function checked(file: string, config: DecoderConfig): DecoderConfig {
  const { heads, kvHeads, headDim, layers, block } = config;
  const damaged = 'The file is damaged; download the model again.';
  if (layers > MAX_LAYERS) {
    throw new RollscopeError('model', `${file}: ${layers} layers; at most ${MAX_LAYERS} are supported.`, damaged, {
      details: { reason: 'bad-field', file, field: 'layers', value: layers },
    });
  }
  if (heads % kvHeads !== 0) {
    throw new RollscopeError(
      'model',
      `${file}: ${heads} attention heads are not a multiple of ${kvHeads} key-value heads.`,
      damaged,
      { details: { reason: 'bad-field', file, field: 'heads', value: heads } },
    );
  }
  if (block.positions === 'rotary' && headDim % 2 !== 0) {
    throw new RollscopeError(
      'model',
      `${file}: head dimension ${headDim} is odd; rotary embeddings need an even one.`,
      damaged,
      { details: { reason: 'bad-field', file, field: 'headDim', value: headDim } },
    );
  }
  return config;
}
