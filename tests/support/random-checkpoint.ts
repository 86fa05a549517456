/** Checkpoints with random weights of any shape, for speed, memory and parity, which do not depend on particular weights. */
import { existsSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import path from 'node:path';
import type { DecoderConfig } from '../../engine/model/config.ts';
import { parameterShapes } from '../../engine/model/parameters.ts';
import { writeSafetensors } from '../../engine/model/safetensors-write.ts';
import { generator } from '../../engine/rollout/philox.ts';

const isNorm = (name: string) => name.endsWith('norm.weight');

/** Deterministic numbers between -0.5 and 0.5, times a scale; norms are ones. */
export function deterministicWeights(
  config: DecoderConfig,
  scale = 1,
): Map<string, { shape: readonly number[]; data: Float32Array }> {
  let state = 5;
  const random = () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return scale * (state / 2 ** 31 - 0.5);
  };
  return new Map(
    [...parameterShapes(config)].map(([name, shape]) => {
      const size = shape.reduce((a, b) => a * b, 1);
      return [name, { shape, data: Float32Array.from({ length: size }, () => (isNorm(name) ? 1 : random())) }];
    }),
  );
}

/** Number of random values; larger tensors repeat them, scaled. */
const RANDOM_COUNT = 1 << 16;

/**
 * Writes `<folder>/<name>/model.safetensors` (float32) unless it exists, and returns its path. Matrices are uniform between
 * -0.025 and 0.025, vectors (norms) are ones.
 */
export async function randomCheckpoint(folder: string, name: string, config: DecoderConfig): Promise<string> {
  const file = path.join(folder, name, 'model.safetensors');
  if (existsSync(file)) return file;
  await mkdir(path.dirname(file), { recursive: true });
  const random = generator(1, 'initialize');
  const block = Float32Array.from({ length: RANDOM_COUNT }, () => (random() - 0.5) * 0.05);
  const tensors = [...parameterShapes(config)].map(([tensor, dims], i) => {
    const size = dims.reduce((a, b) => a * b, 1);
    async function* data() {
      // No two matrices are equal, as in a real model: equal ones might be shared in memory.
      const own = block.map((x) => x * (1 + i / 1000));
      for (let at = 0; at < size; at += own.length) yield own.subarray(0, Math.min(own.length, size - at));
    }
    return [tensor, { shape: dims, data: dims.length === 1 ? new Float32Array(size).fill(1) : data }] as const;
  });
  // Concurrent processes may write the same checkpoint.
  const own = `${file}.${process.pid}`;
  await writeSafetensors(own, new Map(tensors));
  await rename(own, file);
  return file;
}
