/** A group that is cut into parts has the gradient that it has as a whole, and its prompt runs once for all of them. */
import { expect, test } from 'vitest';
import { LossConfig, OptimizerConfig } from '../../engine/protocol/index.ts';
import type { Backend } from '../../engine/runtime/backend.ts';
import { openDevice } from '../../engine/runtime/devices/index.ts';
import { partsOfGroup, tokenBytes } from '../../engine/training/policy/micro-batch.ts';
import type { TrainedGroup } from '../../engine/training/policy/responses.ts';
import { Trainer } from '../../engine/training/policy/trainer.ts';
import { hasLora, TINY_MODELS, tinyModel } from '../support/tiny-model.ts';

const PROMPT = Int32Array.from([20, 11, 13, 17, 19, 5, 6, 7]);
const LENGTHS = [9, 12, 4, 12, 7];

/** The backend, which lists the inputs of what it has run. */
function watched(backend: Backend): { backend: Backend; runs: string[][] } {
  const runs: string[][] = [];
  const compile: Backend['compile'] = async (graph, options) => {
    const executable = await backend.compile(graph, options);
    return {
      run: (feeds) => {
        runs.push(Object.keys(feeds));
        return executable.run(feeds);
      },
      release: () => executable.release(),
    };
  };
  const watching = new Proxy(backend, {
    get: (target, name) => {
      if (name === 'compile') return compile;
      const value = Reflect.get(target, name, target) as unknown;
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  return { backend: watching, runs };
}

const cases = TINY_MODELS.flatMap((name) => [false, true].map((lora) => ({ name, lora }))).filter(
  ({ name, lora }) => !lora || hasLora(name),
);

test.each(cases)('$name, LoRA $lora', async ({ name, lora }) => {
  const { backend, runs } = watched(await openDevice('cpu', { threads: 1 }));
  const { bind, config, parameters, values } = await tinyModel(name, lora);
  const given = await values(backend);
  const initial = new Map(Object.entries(given).map(([key, value]) => [key, value.data as Float32Array]));
  const responses = LENGTHS.map((length, i) => ({
    tokens: Int32Array.from({ length }, (_, t) => 3 + ((5 * i + 3 * t) % 20)),
    logprob: new Float32Array(length).fill(-2 - i / 4),
    advantage: i - 1.7,
    truncated: false,
  }));
  const groups: TrainedGroup[] = [
    { problem: 0, prompt: PROMPT, responses },
    { problem: 1, prompt: PROMPT.subarray(2), responses: responses.slice(0, 1) },
  ];
  const run = async (memory: number) => {
    runs.length = 0;
    const trainer = new Trainer({
      ...{ backend, bind, config, parameters, initial, positions: 64, memory },
      // Importance ratios, so that responses are clipped.
      loss: LossConfig.parse({ epochs: 2, entropyCoefficient: 0.01, measureKl: false }),
      optimizer: OptimizerConfig.parse({ lr: 1e-3, beta1: 0.9, clipNorm: 1e9 }),
      maxTokens: 20,
      temperature: 0.8,
    });
    const shares: number[] = [];
    const metrics = await trainer.update(groups, 1e-3, (share) => shares.push(share));
    const { tensors } = await trainer.optimizerState();
    await trainer.release();
    expect(shares).toEqual(shares.toSorted((a, b) => a - b));
    return { metrics, tensors, runs: [...runs] };
  };
  const whole = await run(2 ** 30);
  // Two responses at a time.
  const parts = await run(2.5 * 12 * tokenBytes(config, 8 + 12));
  const isPart = (inputs: string[]) => inputs.includes('dprompt.keys.0') && inputs.includes('targets');
  const runsPrompt = (inputs: string[]) => inputs.includes('dprompt.keys.0') && !inputs.includes('targets');
  expect(whole.runs.filter(isPart)).toHaveLength(0);
  expect(parts.runs.filter(isPart)).toHaveLength(3);
  expect(parts.runs.filter(runsPrompt)).toHaveLength(1);
  expect(parts.metrics.loss! / whole.metrics.loss!).toBeCloseTo(1, 4);
  expect(parts.metrics.clipFraction).toBe(whole.metrics.clipFraction);
  expect(whole.metrics.clipFraction).toBeGreaterThan(0);
  expect(parts.metrics.problems).toEqual(whole.metrics.problems);
  const largest = (data: Float32Array, least: number) => data.reduce((a, b) => Math.max(a, Math.abs(b)), least);
  const moments = [...whole.tensors].filter(([key]) => key.startsWith('m.'));
  const most = moments.reduce((a, [, { data }]) => largest(data, a), 0);
  for (const [key, { data }] of moments) {
    const found = parts.tensors.get(key)!.data;
    // A bias of keys has no gradient but what rounding leaves.
    const size = largest(data, 1e-3 * most);
    const off = data.reduce((a, b, i) => Math.max(a, Math.abs(b - found[i]!)), 0);
    expect(off / size, key).toBeLessThan(2e-5);
  }
  await backend.release();
});

test('parts have at least one response, and what fits is not split', async () => {
  const { config } = await tinyModel('tiny-llama', true);
  const group = {
    ...{ problem: 0, prompt: PROMPT },
    responses: LENGTHS.map((length) => ({
      weight: 1,
      response: { tokens: new Int32Array(length), logprob: new Float32Array(length), advantage: 1, truncated: false },
    })),
  };
  const sizes = (memory: number) => partsOfGroup(group, config, memory)?.map(({ responses }) => responses.length);
  expect(sizes(2 ** 30)).toBeUndefined();
  expect(sizes(1)).toEqual([1, 1, 1, 1, 1]);
  expect(sizes(4.5 * 12 * tokenBytes(config, 20))).toEqual([3, 2]);
});
