/** Reads a decoder's configuration from GGUF metadata, and maps its tensor names to GGUF's. */
import { significant } from '../protocol/format.ts';
import { architectureOf, byGgufName, type KnownArchitecture } from './architectures/index.ts';
import type { DecoderBlock, Projection } from './block.ts';
import { checked, type DecoderConfig, refuseExperts, unknownArchitecture } from './config.ts';
import { ConfigFields } from './fields.ts';
import { type GgufFile, readGgufTensor } from './gguf.ts';
import { PARENT, projectionShape } from './parameters.ts';
import { type GgufDivisors, ggufRope } from './rope.ts';
import { plainTraits } from './traits.ts';

/** Information that GGUF metadata lacks. */
export interface GgufContents {
  hasTensor(name: string): boolean;
  /** Divisors of the rotary frequencies, from tensors. */
  divisors?: GgufDivisors;
}

/** Reads the decoder's configuration. Throws RollscopeError `model` for unsupported models. */
export async function readGgufConfig(gguf: GgufFile): Promise<DecoderConfig> {
  const read = async (name: string) => {
    const tensor = gguf.tensors.get(name);
    let values: readonly number[] | null = null;
    if (tensor) for await (const part of readGgufTensor(tensor)) values = [...part].map(shortestDecimal);
    return values;
  };
  const divisors = {
    plain: await read('rope_freqs.weight'),
    short: await read('rope_factors_short.weight'),
    long: await read('rope_factors_long.weight'),
  };
  const contents = { hasTensor: (name: string) => gguf.tensors.has(name), divisors };
  return parseGgufConfig(gguf.metadata, contents, gguf.file);
}

/**
 * Parses GGUF metadata (keys and values of the metadata section). Throws RollscopeError `model` for missing, invalid or
 * unsupported fields.
 */
export function parseGgufConfig(
  metadata: Readonly<Record<string, unknown>>,
  contents: GgufContents,
  file: string,
): DecoderConfig {
  const name = metadata['general.architecture'];
  const windows = metadata[`${String(name)}.attention.sliding_window`] !== undefined;
  const architecture = byGgufName(name, windows);
  if (!architecture?.hasExperts) refuseExperts(file, name, metadata[`${String(name)}.expert_count`]);
  if (!architecture) throw unknownArchitecture(file, 'general.architecture', name);
  const { keys, read } = architecture.gguf;
  const prefix = `${architecture.gguf.architecture}.`;
  const fields = new ConfigFields(file, restoreDecimals(metadata, prefix), prefix);
  const heads = fields.count(keys.heads);
  const hiddenSize = fields.count(keys.hiddenSize);
  const headDim = fields.count(keys.headDim, Math.floor(hiddenSize / heads));
  if (fields.count('attention.value_length', headDim) !== headDim) throw fields.unsupported('attention.value_length');
  const rotaryDim = fields.count('rope.dimension_count', headDim);
  if (rotaryDim > headDim || (rotaryDim < headDim && rotaryDim % 2 !== 0))
    throw fields.unsupported('rope.dimension_count');
  const layers = fields.count(keys.layers);
  const tokens = metadata['tokenizer.ggml.tokens'];
  const traits = read?.(fields, { layers, hiddenSize, heads, headDim });
  // Up to the window's length, an architecture without windows computes the same.
  const unknown = !traits?.kinds?.some(({ window }) => window !== null) && fields.get('attention.sliding_window');
  const window = unknown ? fields.count('attention.sliding_window') : Infinity;
  return checked(file, {
    ...plainTraits(headDim),
    architecture: architecture.name,
    block: blockOf(architecture, contents),
    vocabularySize: fields.count(keys.vocabularySize, Array.isArray(tokens) ? tokens.length : undefined),
    hiddenSize,
    layers,
    heads,
    kvHeads: fields.count(keys.kvHeads, heads),
    headDim,
    rotaryDim,
    intermediateSize: fields.count(keys.intermediateSize),
    ...ggufRope(fields, rotaryDim, contents.divisors ?? { plain: null, short: null, long: null }),
    rmsEps: fields.positive(keys.rmsEps),
    tiedEmbeddings: !contents.hasTensor('output.weight'),
    contextLength: Math.min(fields.count(keys.contextLength), window),
    ...traits,
  });
}

/** The decoder block, with those of its optional biases that the file contains. */
function blockOf({ block, huggingFace, gguf }: KnownArchitecture, { hasTensor }: GgufContents): DecoderBlock {
  const added = Object.values(huggingFace.biasOptions)
    .flat()
    .filter((name) => hasTensor(`blk.0.${gguf.layer[`${PARENT[name]}.${name}`]}.bias`));
  return added.length === 0 ? block : { ...block, biases: [...block.biases, ...added] };
}

/**
 * The architecture's metadata, with float32 numbers restored to the decimals they were written as: 9.99999974e-6
 * becomes 1e-5.
 */
function restoreDecimals(metadata: Readonly<Record<string, unknown>>, prefix: string): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(metadata)
      .filter(([key]) => key.startsWith(prefix))
      .map(([key, value]) => [key, typeof value === 'number' ? shortestDecimal(value) : value]),
  );
}

/** The shortest decimal with the same float32 value; other numbers are unchanged. */
function shortestDecimal(value: number): number {
  if (Number.isInteger(value) || Math.fround(value) !== value) return value;
  for (let digits = 1; digits < 9; digits++) {
    const decimal = significant(value, digits);
    if (Math.fround(decimal) === value) return decimal;
  }
  return value;
}

const OUTER_MODULES: Readonly<Record<string, string>> = {
  'model.embed_tokens': 'token_embd',
  'model.embed_positions': 'position_embd',
  'model.norm': 'output_norm',
  lm_head: 'output',
};

/** The location of a decoder's tensor in a GGUF file. */
export interface GgufPlace {
  readonly name: string;
  /** Its rows in that tensor; null: all of them. */
  readonly rows: { readonly from: number; readonly count: number; readonly of: number } | null;
}

/** The location of a tensor: `model.layers.3.mlp.up_proj.weight` is `blk.3.ffn_up.weight`, or some rows of a fused one. */
export function ggufPlace(config: DecoderConfig, name: string): GgufPlace {
  const [, module, kind] = /^(.+)\.(weight|bias)$/.exec(name)!;
  const found = /^model\.layers\.(\d+)\.(.+)$/.exec(module!);
  if (!found) return { name: `${OUTER_MODULES[module!]}.${kind}`, rows: null };
  const [, index, inside] = found as unknown as [string, string, string];
  const { layer, fused = {} } = architectureOf(config.architecture).gguf;
  const rowsOf = (part: string) => projectionShape(config, part.split('.').at(-1) as Projection)[0];
  const expert = /^mlp\.experts\.(\d+)\.(\w+)$/.exec(inside);
  if (expert) {
    const count = rowsOf(expert[2]!);
    const rows = { from: Number(expert[1]) * count, count, of: config.experts!.count * count };
    return { name: `blk.${index}.${layer[`mlp.experts.${expert[2]}`]}.${kind}`, rows };
  }
  const whole = Object.entries(fused).find(([, parts]) => parts.includes(inside));
  if (!whole) return { name: `blk.${index}.${layer[inside]}.${kind}`, rows: null };
  const before = whole[1].slice(0, whole[1].indexOf(inside));
  const sum = (parts: readonly string[]) => parts.reduce((n, part) => n + rowsOf(part), 0);
  const rows = { from: sum(before), count: rowsOf(inside), of: sum(whole[1]) };
  return { name: `blk.${index}.${whole[0]}.${kind}`, rows };
}
