/**
 * One case of the check, in a process of its own: `case <device> <name> <shape> <threads> <folder for checkpoints>`.
 * Prints one JSON line.
 */

import type { DeviceName } from '../../../engine/protocol/devices.ts';
import { checkCachePrecision } from '../../../engine/rollout/cache-precision.ts';
import { BASELINE, openDevice } from '../../../engine/runtime/devices/index.ts';
import type { ShapeName } from '../../support/model-shapes.ts';
import { counting, type Kernels, perUnit, profiling } from './counting.ts';
import { watchGpuMemory } from './gpu.ts';
import { type How, openPolicy, type Updated } from './work.ts';

interface Case {
  device: DeviceName;
  shape: ShapeName;
  threads: number;
  folder: string;
}

/** Prompt and response in tokens, and rollouts, of the case that compares with the CPU. */
const SHORT = { prompt: 16, length: 8, rows: 4 };
/** Of the speed of decoding and of an update. */
const DECODED = { prompt: 150, length: 64 };
const UPDATED = { prompt: 152, length: 128, rows: 8 };
/** `tiny` stands for a device in software. */
const sized = <T extends { prompt: number; length: number }>(shape: ShapeName, size: T): T =>
  shape === 'tiny' ? { ...size, prompt: 4, length: 2 } : size;

/** Two steps on the device and on the CPU: same tokens, gradient norms, weights, and mismatch where sampling differs. */
async function parity({ device, shape, threads, folder }: Case, how: How = {}) {
  const run = async (name: DeviceName) => {
    const backend = await openDevice(name, { threads });
    const policy = await openPolicy(shape, backend, SHORT.prompt + SHORT.length, folder, how);
    const tokens: number[] = [];
    const updates: Updated[] = [];
    for (let step = 1; step <= 2; step++) {
      const responses = await policy.sample(SHORT.prompt, SHORT.rows, SHORT.length, step);
      for (const response of responses) tokens.push(...response.tokens);
      updates.push(await policy.update(SHORT.prompt, responses));
    }
    const weights = await policy.weights();
    await policy.release();
    await backend.release();
    return { tokens, updates, weights };
  };
  const other = await run(device);
  const cpu = await run(BASELINE);
  let difference = 0;
  for (const [name, { data }] of cpu.weights) {
    const found = other.weights.get(name)!.data;
    data.forEach((value, i) => {
      difference = Math.max(difference, Math.abs(found[i]! - value));
    });
  }
  const norm = ({ gradientNorm }: Updated) => gradientNorm ?? Number.NaN;
  return {
    tokens: cpu.tokens.length,
    sameTokens: cpu.tokens.filter((token, i) => token === other.tokens[i]).length,
    gradientNormRatios: cpu.updates.map((update, i) => norm(other.updates[i]!) / norm(update)),
    largestWeightDifference: difference,
    ...(how.rolloutPrecision && {
      rolloutMismatch: other.updates.map((update) => update.rolloutMismatch),
      rolloutMismatchOnCpu: cpu.updates.map((update) => update.rolloutMismatch),
    }),
  };
}

/** The same work another way: parity with the CPU that does so too, decoding of 8 rollouts, an update. */
async function another(one: Case, how: How) {
  // The peak of the process would be that of all three.
  const [decoded, updated] = [await decode(one, 8, how), await update(one, how)].map(
    ({ peakBytes: _, ...rest }) => rest,
  );
  return { parity: await parity(one, how), decode: decoded, update: updated };
}

/** Keys and values in 8 bits: what a device says that cannot do it. */
async function cachePrecision({ device, threads }: Case) {
  const { controlFlow } = await openDevice(device, { threads });
  try {
    checkCachePrecision('8bit', controlFlow);
    return { supported: true };
  } catch (error) {
    return { supported: false, refused: (error as Error).message };
  }
}

/** Tokens per second of sampling, the second time. */
async function decode({ device, shape, threads, folder }: Case, rows: number, how: How = {}) {
  const { prompt, length } = sized(shape, DECODED);
  const gpu = await watchGpuMemory();
  const backend = await openDevice(device, { threads });
  const policy = await openPolicy(shape, backend, prompt + length, folder, how);
  await policy.sample(prompt, rows, length, 1);
  const begin = performance.now();
  await policy.sample(prompt, rows, length, 2);
  const seconds = (performance.now() - begin) / 1000;
  return { rows, prompt, length, seconds, tokensPerSecond: (rows * length) / seconds, ...(await memory(gpu)) };
}

/** Seconds of a LoRA update, the second one. */
async function update({ device, shape, threads, folder }: Case, how: How = {}) {
  const { prompt, length, rows } = sized(shape, UPDATED);
  const gpu = await watchGpuMemory();
  const backend = await openDevice(device, { threads });
  const policy = await openPolicy(shape, backend, prompt + length, folder, how);
  const responses = await policy.sample(prompt, rows, length, 1);
  await policy.update(prompt, responses);
  const begin = performance.now();
  await policy.update(prompt, responses);
  return { rows, prompt, length, seconds: (performance.now() - begin) / 1000, ...(await memory(gpu)) };
}

/** What a token of every rollout and an update ask of the device: by the difference between two lengths. */
async function counts({ device, shape, threads, folder }: Case) {
  const { prompt, rows } = { prompt: 8, rows: 4 };
  const [short, long] = shape === 'tiny' ? [2, 4] : [16, 32];
  const profile = profiling();
  const backend = counting(await openDevice(device, { threads }));
  const policy = await openPolicy(shape, backend, prompt + long, folder);
  const crossed = async (work: () => Promise<unknown>) => {
    const before = backend.crossings();
    await work();
    return perUnit(backend.crossings(), before, 1);
  };
  // The first calls compile.
  const responses = await policy.sample(prompt, rows, long, 1);
  await policy.update(prompt, responses);
  const few = await crossed(() => policy.sample(prompt, rows, short, 2));
  const many = await crossed(() => policy.sample(prompt, rows, long, 2));
  profile.mark();
  const updated = await crossed(() => policy.update(prompt, responses));
  return {
    rows,
    decodePerToken: perUnit(many, few, long - short),
    update: updated,
    updateKernels: byProvider(profile.end()),
  };
}

/** Kernels of sampling, the second time, per token of every rollout; the prompt's are in it. */
async function kernels({ device, shape, threads, folder }: Case) {
  const { prompt, rows, length } = { prompt: 8, rows: 4, length: shape === 'tiny' ? 4 : 16 };
  const profile = profiling();
  const backend = await openDevice(device, { threads });
  const policy = await openPolicy(shape, backend, prompt + length, folder);
  await policy.sample(prompt, rows, length, 1);
  profile.mark();
  await policy.sample(prompt, rows, length, 2);
  const found = byProvider(profile.end());
  const each = Object.fromEntries(Object.entries(found.providers).map(([name, n]) => [name, n / length]));
  return { rows, length, perToken: each, onCpu: found.onCpu };
}

/** How many kernels each provider ran, and what fell back to the CPU. */
function byProvider(kernels: Kernels) {
  const providers: Record<string, number> = {};
  const onCpu: Record<string, number> = {};
  for (const [key, n] of Object.entries(kernels)) {
    const [provider, operator] = key.split(' ') as [string, string];
    providers[provider] = (providers[provider] ?? 0) + n;
    if (provider === 'CPU') onCpu[operator] = n;
  }
  return { providers, onCpu };
}

async function memory(gpu: Awaited<ReturnType<typeof watchGpuMemory>>) {
  return { peakBytes: process.resourceUsage().maxRSS * 1024, gpuBytes: await gpu.end() };
}

const CASES = {
  parity: (item: Case) => parity(item),
  counts,
  kernels,
  update: (item: Case) => update(item),
  'decode-1': (item: Case) => decode(item, 1),
  'decode-8': (item: Case) => decode(item, 8),
  'decode-64': (item: Case) => decode(item, 64),
};
export type CaseName = keyof typeof CASES;
export const CASE_NAMES = Object.keys(CASES) as CaseName[];

/** Other ways in which a run can compute. */
const WAYS = {
  layered: (item: Case) => another(item, { layered: true }),
  'base in 16 bits': (item: Case) => another(item, { precision: 'float16' }),
  'base in 4 bits': (item: Case) => another(item, { precision: '4bit' }),
  'rollouts in 4 bits': (item: Case) => parity(item, { rolloutPrecision: '4bit' }),
  'keys and values in 8 bits': cachePrecision,
};
export type WayName = keyof typeof WAYS;
export const WAY_NAMES = Object.keys(WAYS) as WayName[];

/** Runs a case in this process, which ends with it. */
export async function runCase([device, name, shape, threads, folder]: readonly string[]): Promise<void> {
  const one = { device: device as DeviceName, shape: shape as ShapeName, threads: Number(threads), folder: folder! };
  console.log(JSON.stringify(await { ...CASES, ...WAYS }[name as CaseName | WayName](one)));
  // A device's library may keep threads.
  process.exit();
}
