/** Memory for a policy's activations: the limit, minus what stays resident. */
import type { ModelSource } from '../../model/source.ts';
import { bytes } from '../../protocol/format.ts';
import { RollscopeError } from '../../protocol/index.ts';
import type { CachePrecision } from '../../rollout/cache-precision.ts';
import { rowBytes } from '../../rollout/sampler.ts';
import { machineMemory } from '../../runtime/memory.ts';
import type { StoredType } from '../../tensor/index.ts';
import type { PolicyOptions } from './contract.ts';
import { layeredBytes } from './layered-memory.ts';
import { tokenBytes } from './micro-batch.ts';
import { needsReference } from './reference.ts';

/**
 * Bytes of the process before any model is loaded, and of what onnxruntime keeps in addition to weights and
 * activations; and bytes of the tokenizer per token of its vocabulary. Measured.
 */
const PROCESS_BYTES = 300e6;
const TOKENIZER_BYTES = 1500;
/** Bytes that batches are sized for when the user sets no limit, and the share of the machine that they may grow to. */
const TYPICAL_MEMORY = 4 * 2 ** 30;
const MAX_SHARE_OF_MACHINE = 0.75;
const SAMPLING_SHARE = 0.35;
const TRAINING_SHARE = 0.65;
/**
 * Share of the free memory when running layer by layer: not everything that sampling has freed is returned before
 * training begins. Measured.
 */
const LAYERED_TRAINING_SHARE = 0.9;

/** Bytes. */
export interface ActivationMemory {
  sampling: number;
  training: number;
  /** The model runs layer by layer: as one graph it would need more than there is. */
  layered: boolean;
  /** Memory of the whole process with the longest sequence. */
  needed: number;
}

interface Sizes {
  /** Tokens of the longest prompt. */
  longest: number;
  /** Numbers that are trained. */
  trainable: number;
  /** Whether the backend draws many tokens per call, so that caches grow in place. */
  controlFlow: boolean;
  /** The type that most of the weights have in their files. */
  stored: StoredType;
  /** Bytes of a frozen base with fewer bits than float32, which runs layer by layer; null: it has no fewer. */
  narrowBytes?: number | null;
  /** Bytes of the frozen base that samples, where it is not the one that trains. */
  samplingBytes?: number | null;
  /** Fewer bits are blocks, which are packed for decoding; true by default. Matrices of 16 bits stay mapped. */
  packed?: boolean;
  cachePrecision?: CachePrecision | undefined;
  /** The caller cannot run layer by layer. */
  oneGraph?: boolean;
}

type Options = Pick<PolicyOptions, 'lora' | 'loss' | 'trains' | 'maxTokens' | 'memoryLimit'>;
type Source = Pick<ModelSource, 'name' | 'config' | 'parameters'>;

/**
 * Throws RollscopeError `memory` if the limit, or by default most of this machine's memory, does not hold the model
 * with one sequence. Layer by layer is slower, so it is chosen only if one graph does not fit; sampling and training
 * then each get all of the free memory, one after the other.
 */
export function activationMemory(options: Options, source: Source, sizes: Sizes): ActivationMemory {
  const { memoryLimit, maxTokens } = options;
  const [whole, byLayers] = [wholeGraphNeed(options, source, sizes), layeredNeed(options, source, sizes)];
  const fits = whole.needed <= (memoryLimit ?? TYPICAL_MEMORY);
  const narrow = (sizes.narrowBytes ?? null) !== null;
  const layered = narrow || (!sizes.oneGraph && !fits && byLayers.needed < whole.needed);
  const { resident, needed } = layered ? byLayers : whole;
  const most = memoryLimit ?? machineMemory() * MAX_SHARE_OF_MACHINE;
  if (needed > most) throw notEnoughMemory(source.name, sizes.longest + maxTokens, needed, most, memoryLimit);
  const free = (memoryLimit ?? Math.max(TYPICAL_MEMORY, needed)) - resident;
  const [sampling, training] = layered ? [1, LAYERED_TRAINING_SHARE] : [SAMPLING_SHARE, TRAINING_SHARE];
  const sums = gradientBytes(sizes, layered);
  return { sampling: free * sampling, training: free * training - sums, layered, needed };
}

/** What stays resident, and the least that one sequence needs in addition. */
interface MemoryNeed {
  resident: number;
  needed: number;
}

/** The process, and the trained parameters with their moments; those of the reference policy are one more copy. */
function alwaysResident({ trains, loss }: Options, { config }: Source, { trainable }: Sizes): number {
  const copies = trains ? (needsReference(loss) ? 4 : 3) : 1;
  return PROCESS_BYTES + TOKENIZER_BYTES * config.vocabularySize + copies * 4 * trainable;
}

/** Sums of gradients; one graph for the whole model returns new ones. */
function gradientBytes({ trainable }: Sizes, layered: boolean): number {
  return (layered ? 1 : 2) * 4 * trainable;
}

/** Memory of an optimizer step: gradients, new parameters and moments, and intermediate values. */
function optimizerBytes({ config }: Source, { lora }: Options, { trainable }: Sizes): number {
  const largest = lora ? 0 : config.vocabularySize * config.hiddenSize;
  return 4 * (4 * trainable + 3 * largest);
}

/** Bytes of the low-precision weights that decoding reads; null if it reads others. */
function narrowDecodedBytes({ narrowBytes, samplingBytes }: Sizes): number | null {
  return samplingBytes ?? narrowBytes ?? null;
}

/**
 * Weights that decoding maps, plus widened copies of 16-bit ones; or low-precision weights, which are packed as well if
 * they are in blocks.
 */
function decodingBytes({ parameters }: Source, sizes: Sizes): number {
  return narrowDecodedBytes(sizes) ?? (sizes.stored === 'F32' ? 4 : 6) * parameters;
}

function wholeGraphNeed(options: Options, source: Source, sizes: Sizes): MemoryNeed {
  const { config, parameters } = source;
  const { lora, trains, maxTokens } = options;
  const trained = sizes.longest + maxTokens;
  // Training maps the weights, decoding packs them.
  const frozen = lora ? Math.max(8 * parameters, 4 * parameters + decodingBytes(source, sizes)) : 0;
  const resident = alwaysResident(options, source, sizes) + frozen;
  const least = Math.max(
    rowBytes(config, maxTokens, sizes) / SAMPLING_SHARE,
    trains ? (trained * tokenBytes(config, trained) + gradientBytes(sizes, false)) / TRAINING_SHARE : 0,
    trains ? optimizerBytes(source, options, sizes) : 0,
  );
  return { resident, needed: resident + least };
}

function layeredNeed(options: Options, source: Source, sizes: Sizes): MemoryNeed {
  const { config } = source;
  const { lora, trains, maxTokens } = options;
  const resident = alwaysResident(options, source, sizes) + (lora ? decodingBytes(source, sizes) : 0);
  const least = Math.max(
    rowBytes(config, maxTokens, sizes),
    // Blocks are mapped while they are packed.
    sizes.packed === false ? 0 : (narrowDecodedBytes(sizes) ?? 0),
    trains ? layeredBytes(config, sizes.longest, maxTokens) + gradientBytes(sizes, true) : 0,
    trains ? optimizerBytes(source, options, sizes) : 0,
  );
  return { resident, needed: resident + least };
}

function notEnoughMemory(
  name: string,
  tokens: number,
  needed: number,
  most: number,
  limit: number | null,
): RollscopeError {
  const bound = limit === null ? "three quarters of this machine's memory" : 'memory limit';
  return new RollscopeError(
    'memory',
    `${name} with sequences of ${tokens} tokens needs about ${bytes(needed)} of memory; available: ${bytes(most)} (${bound}).`,
    `Set ${limit === null ? 'a' : 'a higher'} limit (--memory), use LoRA, lower --max-tokens, or leave out the longest problems.`,
    { details: { reason: 'out-of-memory', model: name, tokens, bytes: needed, most } },
  );
}
