/**
 * Weights of a frozen base model with 16-bit matrices: as stored if they are float16 or bfloat16, otherwise rounded to
 * float16 once and cached. They are widened at each use.
 */
import path from 'node:path';
import { RollscopeError } from '../protocol/errors.ts';
import { removeAbandoned } from '../system/aside.ts';
import { ensureFolder } from '../system/files.ts';
import { FLOAT16_OVERFLOW, toFloat16, toFloat32 } from '../tensor/index.ts';
import type { DecoderConfig } from './config.ts';
import { type ConversionOptions, conversionProgress } from './conversion.ts';
import { indexed, nonFinite } from './finite-weights.ts';
import { EMBEDDINGS, MEAN_UNEMBEDDING, parameterShapes, UNEMBEDDING } from './parameters.ts';
import type { WeightReader } from './quantized-weights.ts';
import { readSafetensorsIndex, type StoredTensor } from './safetensors.ts';
import { type TensorToWrite, writeSafetensors } from './safetensors-write.ts';

/** Increased when the conversion changes, so that older cache files are rebuilt. */
const CONVERTER = '1';

/**
 * Returns the tensors; those that are not stored in 16 bits come from `<cacheDir>/<fingerprint>.float16.safetensors`,
 * which is created if missing. Adds the mean of the unembedding's rows to the model's own tensors. Norms and biases are
 * float32. Throws RollscopeError: `model` if a weight is not finite or too large for float16, `disk` if space runs out,
 * `canceled`.
 */
export async function halfTensors(
  config: DecoderConfig,
  reader: WeightReader,
  { cacheDir, fingerprint, onProgress, signal }: ConversionOptions,
): Promise<Map<string, StoredTensor>> {
  const file = path.join(cacheDir, `${fingerprint}.float16.safetensors`);
  const shapes = parameterShapes(config);
  const own = new Map<string, StoredTensor>();
  for (const [name, shape] of shapes) {
    const stored = shape.length === 2 ? reader.halves(name) : null;
    if (stored) own.set(name, { ...stored, widenedAtUse: true });
  }
  const made = await readSafetensorsIndex(file).catch(() => null);
  if (made?.metadata.converter === CONVERTER) return new Map([...late(made.tensors), ...own]);

  await ensureFolder(cacheDir);
  await removeAbandoned(file);
  const advance = conversionProgress(config, 'rounding the model to 16 bits (the first time only)', {
    onProgress,
    signal,
  });
  const tensors = new Map<string, TensorToWrite>();
  for (const [name, shape] of shapes) {
    if (own.has(name)) continue;
    const isMatrix = shape.length === 2;
    const data = async function* () {
      let at = 0;
      for await (const values of reader.values(name)) {
        if (isMatrix) checkRange(values, name, shape, at, reader.file);
        yield values;
        at += values.length;
        advance(values.length);
      }
    };
    tensors.set(name, { shape, data, dtype: isMatrix ? 'F16' : 'F32' });
  }
  const unembedding = config.tiedEmbeddings ? EMBEDDINGS : UNEMBEDDING;
  const mean = async function* () {
    yield await meanRow(reader, unembedding, config, own.has(unembedding));
  };
  tensors.set(MEAN_UNEMBEDDING, { shape: [1, config.hiddenSize], data: mean });
  await writeSafetensors(file, tensors, { converter: CONVERTER });
  return new Map([...late((await readSafetensorsIndex(file)).tensors), ...own]);
}

function late(tensors: ReadonlyMap<string, StoredTensor>): [string, StoredTensor][] {
  return [...tensors].map(([name, tensor]) => [
    name,
    tensor.dtype === 'F16' ? { ...tensor, widenedAtUse: true } : tensor,
  ]);
}

/** Throws RollscopeError `model` if a value in a part is not finite, or would overflow in float16. */
function checkRange(values: Float32Array, name: string, shape: readonly number[], first: number, file: string): void {
  const found = values.findIndex((x) => !(Math.abs(x) < FLOAT16_OVERFLOW));
  if (found < 0) return;
  const value = values[found]!;
  if (!Number.isFinite(value)) throw nonFinite(name, { shape: [...shape] }, first + found, file);
  const place = indexed(shape, first + found);
  throw new RollscopeError(
    'model',
    `${file}: tensor "${name}" contains ${value} at [${place}], which float16 cannot hold (at most 65504).`,
    'Use --base-precision float32, or 8bit: those have no such bound.',
    { details: { reason: 'beyond-float16', file, field: name, place, value } },
  );
}

/** The mean of a matrix's rows in 16 bits. `exact`: the files store them in 16 bits. */
async function meanRow(
  reader: WeightReader,
  name: string,
  { hiddenSize }: DecoderConfig,
  exact: boolean,
): Promise<Float32Array> {
  const sums = new Float64Array(hiddenSize);
  let rows = 0;
  for await (const read of reader.values(name)) {
    const values = exact ? read : toFloat32(toFloat16(read), 'F16');
    for (let at = 0; at < values.length; at += hiddenSize) {
      for (let i = 0; i < hiddenSize; i++) sums[i]! += values[at + i]!;
      rows++;
    }
  }
  return Float32Array.from(sums, (sum) => sum / rows);
}
