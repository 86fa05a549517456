/** The weights of a GGUF file as a safetensors file with Hugging Face's names and layouts, made once and cached. */
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { RollscopeError } from '../protocol/errors.ts';
import { removeAbandoned } from '../system/aside.ts';
import { type DecoderConfig, parameterShapes, parseGgufConfig } from './config.ts';
import { sampledFile } from './fingerprint.ts';
import { type GgufFile, type GgufTensor, readGgufTensor } from './gguf.ts';
import { readSafetensorsIndex, type StoredTensor, type TensorToWrite, writeSafetensors } from './safetensors.ts';

/** Raised when the conversion changes, so that older cache files are made anew. */
const CONVERTER = '1';

const LAYER_NAMES: Record<string, string> = {
  'input_layernorm.weight': 'attn_norm.weight',
  'self_attn.q_proj.weight': 'attn_q.weight',
  'self_attn.k_proj.weight': 'attn_k.weight',
  'self_attn.v_proj.weight': 'attn_v.weight',
  'self_attn.q_proj.bias': 'attn_q.bias',
  'self_attn.k_proj.bias': 'attn_k.bias',
  'self_attn.v_proj.bias': 'attn_v.bias',
  'self_attn.o_proj.weight': 'attn_output.weight',
  'self_attn.q_norm.weight': 'attn_q_norm.weight',
  'self_attn.k_norm.weight': 'attn_k_norm.weight',
  'post_attention_layernorm.weight': 'ffn_norm.weight',
  'mlp.gate_proj.weight': 'ffn_gate.weight',
  'mlp.up_proj.weight': 'ffn_up.weight',
  'mlp.down_proj.weight': 'ffn_down.weight',
};
const OUTER_NAMES: Record<string, string> = {
  'model.embed_tokens.weight': 'token_embd.weight',
  'model.norm.weight': 'output_norm.weight',
  'lm_head.weight': 'output.weight',
};

/** GGUF's name of a Hugging Face tensor: `model.layers.3.mlp.up_proj.weight` is `blk.3.ffn_up.weight`. */
export function ggufName(name: string): string {
  const layer = /^model\.layers\.(\d+)\.(.+)$/.exec(name);
  return layer ? `blk.${layer[1]}.${LAYER_NAMES[layer[2]!]}` : OUTER_NAMES[name]!;
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
 * Rows of a query or key projection in Hugging Face's order. The `llama` architecture of GGUF keeps the two numbers that
 * are rotated together side by side in each head; Hugging Face keeps the heads' halves apart.
 */
export function unpermuteRows(values: Float32Array, heads: number, width: number): Float32Array {
  const out = new Float32Array(values.length);
  const headDim = values.length / width / heads;
  const half = headDim / 2;
  for (let head = 0; head < heads; head++) {
    for (let row = 0; row < headDim; row++) {
      const from = head * headDim + (row % half) * 2 + Math.floor(row / half);
      out.set(values.subarray(from * width, (from + 1) * width), (head * headDim + row) * width);
    }
  }
  return out;
}

/** Heads whose rows lie in GGUF's order, or null where both orders agree. */
function permutedHeads(name: string, config: DecoderConfig): number | null {
  if (config.architecture !== 'llama' && config.architecture !== 'mistral') return null;
  if (/q_proj\.(weight|bias)$/.test(name)) return config.heads;
  if (/k_proj\.(weight|bias)$/.test(name)) return config.kvHeads;
  return null;
}

async function* converted(gguf: GgufFile, tensor: GgufTensor, heads: number | null): AsyncGenerator<Float32Array> {
  if (heads === null) {
    yield* readGgufTensor(gguf.file, tensor);
    return;
  }
  // Whole projections: the rows of a head must be at hand together.
  for await (const values of readGgufTensor(gguf.file, tensor, Number.MAX_SAFE_INTEGER)) {
    yield unpermuteRows(values, heads, tensor.shape.length === 2 ? tensor.shape[1]! : 1);
  }
}

export interface ConvertOptions {
  cacheDir: string;
  fingerprint: string;
  onProgress?: ((message: string, fraction: number | null) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * The tensors of a GGUF file from `<cacheDir>/<fingerprint>.safetensors`, which is made if it is not there: dequantised to
 * float32 tensor by tensor, written aside, renamed. Throws RollscopeError: `model` for a missing tensor or a wrong shape,
 * `disk` without space, `cancelled` when the signal aborts.
 */
export async function ggufTensors(
  gguf: GgufFile,
  config: DecoderConfig,
  { cacheDir, fingerprint, onProgress, signal }: ConvertOptions,
): Promise<Map<string, StoredTensor>> {
  const shapes = parameterShapes(config);
  for (const [name, shape] of shapes) {
    const tensor = gguf.tensors.get(ggufName(name));
    const problem = !tensor ? 'is missing' : `has the shape [${tensor.shape}] instead of [${shape}]`;
    if (tensor && String(tensor.shape) === String(shape)) continue;
    throw new RollscopeError(
      'model',
      `${gguf.file}: tensor "${ggufName(name)}" ${problem}.`,
      'The file is damaged or of another architecture than it says; fetch it again.',
    );
  }
  const file = path.join(cacheDir, `${fingerprint}.safetensors`);
  const cached = await readSafetensorsIndex(file).catch(() => null);
  if (cached?.metadata.converter === CONVERTER) return cached.tensors;

  await mkdir(cacheDir, { recursive: true });
  await removeAbandoned(file);
  const total = [...shapes.values()].reduce((n, shape) => n + shape.reduce((a, b) => a * b, 1), 0);
  let done = 0;
  const tensors = new Map<string, TensorToWrite>();
  for (const [name, shape] of shapes) {
    const data = async function* () {
      for await (const values of converted(gguf, gguf.tensors.get(ggufName(name))!, permutedHeads(name, config))) {
        if (signal?.aborted) throw new RollscopeError('cancelled', 'Reading the model was cancelled.');
        yield values;
        done += values.length;
        onProgress?.('reading the model (the first time only)', done / total);
      }
    };
    tensors.set(name, { shape, data });
  }
  await writeSafetensors(file, tensors, { converter: CONVERTER, source: path.basename(gguf.file) });
  // Earlier versions kept the same weights under a fingerprint of samples, which nothing looks for any more.
  await rm(path.join(cacheDir, `${await sampledFile(gguf.file)}.safetensors`), { force: true });
  return (await readSafetensorsIndex(file)).tensors;
}
