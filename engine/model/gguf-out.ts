/** Writes a decoder with its tokenizer as a GGUF file, with the names and layout of llama.cpp's converter. */
import { architectureOf } from './architectures/index.ts';
import type { DecoderConfig } from './config.ts';
import { type GgufContents, ggufPlace, parseGgufConfig } from './gguf-config.ts';
import { checkGguf, checkRead, isOneDivisorEach } from './gguf-limits.ts';
import { type OutType, WRITTEN_TYPES } from './gguf-quantize.ts';
import { permutedHeads, permuteRows } from './gguf-weights.ts';
import { f32, type GgufField, type GgufTensorToWrite, text, u32, writeGguf } from './gguf-write.ts';
import { parameterShapes } from './parameters.ts';
import { rotaryFrequencies, yarnGrowth } from './rope.ts';
import type { TensorToWrite } from './safetensors-write.ts';

/** Types of matrices; norms, biases and rows that do not divide into blocks keep a higher precision. */
export const GGUF_TYPES = ['F16', 'Q8_0', 'Q4_0'] as const satisfies readonly OutType[];
export type GgufType = (typeof GGUF_TYPES)[number];

/** llama.cpp's file type numbers. */
const FILE_TYPES = { F16: 1, Q4_0: 2, Q8_0: 7 } as const;

interface GgufModel {
  name: string;
  config: DecoderConfig;
  /** Tokenizer metadata. */
  tokenizer: readonly (readonly [string, GgufField])[];
  /** All tensors of the decoder, by its names. */
  tensors: ReadonlyMap<string, TensorToWrite>;
}

/**
 * Writes a model. Throws RollscopeError: `model` for what GGUF cannot express for its architecture, `disk` if space
 * runs out.
 */
export async function writeGgufModel(file: string, model: GgufModel, type: GgufType): Promise<void> {
  const { name, config, tokenizer } = model;
  checkGguf(config);
  const metadata = new Map<string, GgufField>([
    ['general.architecture', text(architectureOf(config.architecture).gguf.architecture)],
    ['general.name', text(name)],
    ['general.file_type', u32(FILE_TYPES[type])],
    ['general.quantization_version', u32(2)],
    ...architectureFields(config),
    ...tokenizer,
  ]);
  const tensors = ggufTensorsOf(model, type);
  checkRead(config, parseGgufConfig(plain(metadata), contentsOf(config, tensors), file));
  await writeGguf(file, metadata, tensors);
}

/** Metadata in the form that a reader returns. */
function plain(metadata: ReadonlyMap<string, GgufField>): Record<string, unknown> {
  return Object.fromEntries(
    [...metadata].map(([key, { type, value }]) => [key, type === 'f32' ? Math.fround(value) : value]),
  );
}

function contentsOf(config: DecoderConfig, tensors: ReadonlyMap<string, GgufTensorToWrite>): GgufContents {
  const vectors = new Map(ropeVectors(config));
  const divisors = (name: string) => vectors.get(`rope_${name}.weight`)?.map(Math.fround) ?? null;
  return {
    hasTensor: (name) => tensors.has(name),
    divisors: { plain: divisors('freqs'), short: divisors('factors_short'), long: divisors('factors_long') },
  };
}

function architectureFields(config: DecoderConfig): [string, GgufField][] {
  const { gguf } = architectureOf(config.architecture);
  const { keys } = gguf;
  const fields: [string, GgufField][] = [
    [keys.contextLength, u32(config.contextLength)],
    [keys.hiddenSize, u32(config.hiddenSize)],
    [keys.layers, u32(config.layers)],
    [keys.intermediateSize, u32(config.intermediateSize)],
    [keys.heads, u32(config.heads)],
    [keys.kvHeads, u32(config.kvHeads)],
    [keys.headDim, u32(config.headDim)],
    ['attention.value_length', u32(config.headDim)],
    [keys.vocabularySize, u32(config.vocabularySize)],
    [keys.rmsEps, f32(config.rmsEps)],
    ...ropeFields(config),
    ...otherFields(config),
    ...Object.entries(gguf.write?.(config) ?? {}),
  ];
  return fields.map(([key, field]) => [`${gguf.architecture}.${key}`, field]);
}

function ropeFields(config: DecoderConfig): [string, GgufField][] {
  const { block, rotaryDim, ropeTheta, ropeScaling: scaling } = config;
  if (block.positions === 'learned') return [];
  const plain: [string, GgufField][] = [
    ['rope.dimension_count', u32(rotaryDim)],
    ['rope.freq_base', f32(ropeTheta)],
  ];
  const original = (length: number): [string, GgufField] => ['rope.scaling.original_context_length', u32(length)];
  switch (scaling?.type) {
    case undefined:
    // Within the context, there is no scaling.
    case 'dynamic':
    // Written as a tensor.
    case 'llama3':
      return plain;
    case 'linear':
      return [...plain, ['rope.scaling.type', text('linear')], ['rope.scaling.factor', f32(scaling.factor)]];
    case 'yarn':
      return [
        ...plain,
        ['rope.scaling.type', text('yarn')],
        ['rope.scaling.factor', f32(scaling.factor)],
        original(scaling.originalContextLength),
        ['rope.scaling.yarn_beta_fast', f32(scaling.betaFast)],
        ['rope.scaling.yarn_beta_slow', f32(scaling.betaSlow)],
        ['rope.scaling.attn_factor', f32(scaling.attentionFactor / yarnGrowth(scaling.factor))],
      ];
    case 'longrope':
      if (isOneDivisorEach(config)) return plain;
      return [
        ...plain,
        original(scaling.originalContextLength),
        ['rope.scaling.attn_factor', f32(scaling.attentionFactor)],
      ];
  }
}

/** Metadata of windows and experts. */
function otherFields(config: DecoderConfig): [string, GgufField][] {
  const { kinds, experts } = config;
  const windows = kinds.map(({ window }) => window).filter((window) => window !== null);
  const fields: [string, GgufField][] = [];
  if (windows.length > 0) {
    fields.push(['attention.sliding_window', u32(windows[0]!)]);
  }
  if (experts) {
    fields.push(['expert_count', u32(experts.count)], ['expert_used_count', u32(experts.used)]);
    fields.push(['expert_feed_forward_length', u32(config.intermediateSize)]);
  }
  return fields;
}

function ggufTensorsOf({ config, tensors }: GgufModel, type: GgufType): Map<string, GgufTensorToWrite> {
  const places = new Map<string, { parts: string[]; shape: number[]; stacked: number }>();
  for (const [name, shape] of parameterShapes(config)) {
    const { name: place, rows } = ggufPlace(config, name);
    const found = places.get(place) ?? { parts: [], shape: [0, ...shape.slice(1)], stacked: 0 };
    found.parts.push(name);
    found.shape[0]! += shape[0]!;
    if (rows && name.includes('.experts.')) found.stacked++;
    places.set(place, found);
  }
  if (config.tiedEmbeddings && architectureOf(config.architecture).gguf.needsOutput) {
    places.set('output.weight', { ...places.get('token_embd.weight')! });
  }
  const written = new Map<string, GgufTensorToWrite>(
    ropeVectors(config).map(([name, values]) => [name, vector(values)]),
  );
  for (const [place, { parts, shape, stacked }] of places) {
    const width = shape.at(-1)!;
    const small = shape.length < 2 || place.startsWith('position_embd') || place.includes('ffn_gate_inp');
    const whole = width % WRITTEN_TYPES[type].weights === 0;
    const data = async function* () {
      for (const part of parts) yield* asStored(part, tensors.get(part)!, config);
    };
    written.set(place, {
      type: small ? 'F32' : whole ? type : 'F16',
      shape: stacked > 0 ? [stacked, shape[0]! / stacked, ...shape.slice(1)] : shape,
      data,
    });
  }
  return written;
}

/** A tensor's values in the file's order, with norm weights as absolute values, not offsets from 1. */
async function* asStored(
  name: string,
  { data, shape }: TensorToWrite,
  config: DecoderConfig,
): AsyncGenerator<Float32Array> {
  const heads = permutedHeads(name, config);
  const raised = config.block.norm === 'rms from 1' && /norm\.weight$/.test(name);
  for await (const values of data instanceof Float32Array ? [data] : data()) {
    if (raised) yield values.map((value) => value + 1);
    else if (heads === null) yield values;
    else yield permuteRows(values, heads, shape[1] ?? 1);
  }
}

function vector(values: readonly number[]): GgufTensorToWrite {
  const data = async function* () {
    yield Float32Array.from(values);
  };
  return { type: 'F32', shape: [values.length], data };
}

/** Divisors of the rotary frequencies, written as separate tensors. */
function ropeVectors(config: DecoderConfig): [string, readonly number[]][] {
  const { rotaryDim, ropeTheta, ropeScaling: scaling } = config;
  const each = isOneDivisorEach(config);
  if (scaling?.type === 'longrope' && !each) {
    return [
      ['rope_factors_long.weight', scaling.longDivisors],
      ['rope_factors_short.weight', scaling.divisors],
    ];
  }
  if (!each) return [];
  const unscaled = rotaryFrequencies({ rotaryDim, ropeTheta, ropeScaling: null });
  const scaled = rotaryFrequencies({ rotaryDim, ropeTheta, ropeScaling: scaling });
  return [['rope_freqs.weight', unscaled.map((frequency, i) => frequency / scaled[i]!)]];
}
