/** What a run is estimated to need, and how it then computes. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { DecoderConfig } from '../../engine/model/config.ts';
import { loraParameters } from '../../engine/model/lora.ts';
import { EMBEDDINGS, parameterShapes } from '../../engine/model/parameters.ts';
import { LoraConfig, LossConfig } from '../../engine/protocol/index.ts';
import { rowBytes } from '../../engine/rollout/sampler.ts';
import { activationMemory } from '../../engine/training/policy/activation-memory.ts';
import { layeredParts } from '../../engine/training/policy/layered-memory.ts';
import type { WeightedGroup } from '../../engine/training/policy/responses.ts';
import { parametersOf, type ShapeName, shapeOf } from '../support/model-shapes.ts';
import { ROOT } from '../support/processes.ts';

const GB = 2 ** 30;

interface Case {
  prompt?: number;
  maxTokens?: number;
  limit?: number | null;
  full?: boolean;
  trains?: boolean;
  /** Of a base with fewer than 32. */
  bits?: number | undefined;
  /** Another number of them than the model has. */
  layers?: number;
}

function estimate(
  name: ShapeName,
  { prompt = 200, maxTokens = 1024, limit = 64 * GB, full = false, trains = true, bits, layers }: Case = {},
) {
  const config = shapeOf(name, layers);
  const lora = full ? null : LoraConfig.parse({ rank: 16, alpha: 32 });
  const parameters = parametersOf(config);
  const adapter = lora
    ? loraParameters(config, lora).reduce((n, { shape }) => n + shape.reduce((a, b) => a * b, 1), 0)
    : 0;
  return activationMemory(
    { lora, loss: LossConfig.parse({}), trains, maxTokens, memoryLimit: limit },
    { name, config, parameters },
    {
      longest: prompt,
      trainable: lora ? adapter : parameters,
      controlFlow: true,
      stored: 'F32',
      narrowBytes: bits ? narrowBytes(config, bits) : null,
      packed: bits !== 16,
    },
  );
}

/** Least memory that is not refused, bytes. */
function leastOf(name: ShapeName, given: Case): number {
  try {
    return estimate(name, { ...given, limit: 2 ** 27 }).needed;
  } catch (error) {
    return (error as { details: { bytes: number } }).details.bytes;
  }
}

/** Bytes of the weights in 4 or 8 bits, embeddings in 8; or in 16. */
function narrowBytes(config: DecoderConfig, bits: number): number {
  const matrix = { 4: 0.625, 8: 1.125, 16: 2 }[bits]!;
  return [...parameterShapes(config)].reduce((sum, [key, dims]) => {
    const width = dims.length === 1 ? 4 : key === EMBEDDINGS ? Math.max(1.125, matrix) : matrix;
    return sum + width * dims.reduce((a, b) => a * b, 1);
  }, 0);
}

describe('what fits the limit as one graph runs as one graph', () => {
  test.each([
    ['SmolLM2-135M', { prompt: 200, maxTokens: 200, limit: 4.2 * GB }, false],
    ['SmolLM2-135M', { prompt: 200, maxTokens: 200, limit: 2 * GB }, true],
    ['SmolLM2-135M', { prompt: 200, maxTokens: 1024, limit: 4.2 * GB }, true],
    ['Qwen3-0.6B', { limit: 64 * GB }, false],
    ['Qwen3-0.6B', { limit: 5.5 * GB }, true],
    ['Qwen3-1.7B', { limit: 10.5 * GB }, true],
    ['SmolLM2-135M', { full: true, limit: 8 * GB }, true],
  ] as const)('%s, %o: layer by layer %s', (name, given, layered) => {
    const found = estimate(name, given);
    expect(found.layered).toBe(layered);
    expect(found.needed).toBeLessThanOrEqual(given.limit);
    expect(Math.min(found.sampling, found.training)).toBeGreaterThan(0);
  });
});

interface Measured {
  name: string;
  shape: ShapeName;
  layers: number;
  prompt: number;
  maxTokens: number;
  precision: string;
  trains: 'lora' | 'all' | 'nothing';
  layered: boolean;
  limitBytes: number;
  peakBytes: number;
}

const MEASURED = JSON.parse(readFileSync(path.join(ROOT, 'tests', 'bench', 'memory-measured.json'), 'utf8')) as {
  aroundBytes: number;
  cases: Measured[];
};

describe('estimates and measurements (`npm run bench -- memory`)', () => {
  const isGoal = ({ name }: Measured) => name.includes('within');

  test.each(MEASURED.cases.filter((item) => !isGoal(item)))('$name: within 15%', (item) => {
    const { shape, layers, prompt, maxTokens, precision, trains, peakBytes, layered } = item;
    const bits = precision === 'float32' ? undefined : Number(/\d+/.exec(precision)![0]);
    const given = { layers, prompt, maxTokens, bits, full: trains === 'all', trains: trains !== 'nothing' };
    const found = layered ? leastOf(shape, given) : estimate(shape, { ...given, limit: 2 ** 40 }).needed;
    expect(found / (peakBytes + MEASURED.aroundBytes)).toBeGreaterThan(0.85);
    expect(found / (peakBytes + MEASURED.aroundBytes)).toBeLessThan(1.15);
  });

  test('8 rollouts stay within the limit', () => {
    const over = MEASURED.cases.filter(
      (item) => isGoal(item) && item.peakBytes + MEASURED.aroundBytes > item.limitBytes,
    );
    expect(over).toEqual([]);
  });
});

describe("the README's table", () => {
  const readme = readFileSync(path.join(ROOT, 'README.md'), 'utf8');
  const header = readme.split('\n').find((line) => line.startsWith('| model | LoRA'))!;
  const cellsOf = (line: string) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
  const columns = cellsOf(header).slice(1);
  const given: Record<string, Case> = {
    'LoRA, 200 new': { maxTokens: 200 },
    'LoRA, 1,024 new': {},
    'LoRA, 4,096 new': { maxTokens: 4096 },
    'LoRA on 4 bits, 1,024 new': { bits: 4 },
    'probe, 1,024 new': { trains: false },
  };
  const rows = readme.split('\n').filter((line) => /^\| (?:SmolLM2|Qwen)[\w.-]+ \| .* GB/.test(line));
  const shown = rows.flatMap((line) => {
    const [name, ...cells] = cellsOf(line);
    return cells.flatMap((cell, i) => (cell === '-' ? [] : [{ name: name as ShapeName, column: columns[i]!, cell }]));
  });

  /** The measured peak of 8 rollouts that are sampled at a time. */
  const peakOf8 = (name: ShapeName, precision: string) =>
    MEASURED.cases.find(
      (candidate) =>
        candidate.shape === name &&
        candidate.maxTokens === 1024 &&
        candidate.precision === precision &&
        candidate.name.includes('8 rollouts'),
    );

  test('has the best-known models', () => {
    expect(rows.length).toBeGreaterThanOrEqual(3);
    expect(shown.length).toBeGreaterThan(10);
  });

  test.each(shown)('$name, $column: $cell was measured', ({ name, column, cell }) => {
    const of8 = { 'LoRA, 1,024 new, 8 at a time': 'float32', 'the same on 4 bits': '4bit' }[column];
    if (of8) {
      const { peakBytes } = peakOf8(name, of8)!;
      expect(Number.parseFloat(cell)).toBeCloseTo((peakBytes + MEASURED.aroundBytes) / GB, 1);
      return;
    }
    expect(MEASURED.cases.map((item) => item.name)).toContain(`${name}, ${column}`);
    expect((Number.parseFloat(cell) * GB) / leastOf(name, given[column]!)).toBeCloseTo(1, 1);
  });
});

test('the rollouts of a group are sampled together within the memory goals', () => {
  for (const [name, limit] of [
    ['SmolLM2-135M', 1.5 * GB],
    ['Qwen3-0.6B', 5.5 * GB],
    ['Qwen3-1.7B', 10.5 * GB],
  ] as const) {
    const { sampling } = estimate(name, { limit });
    expect(Math.floor(sampling / rowBytes(shapeOf(name), 1024, { controlFlow: true })), name).toBeGreaterThanOrEqual(8);
  }
});

test('what does not fit layer by layer either is refused with the memory that it needs', () => {
  const needed = (limit: number) => {
    try {
      estimate('Qwen3-0.6B', { limit });
    } catch (error) {
      return (error as { details: { bytes: number } }).details.bytes;
    }
    return null;
  };
  const least = needed(1 * GB)!;
  expect(least).toBeLessThan(5.5 * GB);
  expect(needed(least - 1)).toBe(least);
  expect(needed(least)).toBeNull();
});

test('the responses of a group are divided into parts that fit, longest first, each response once', () => {
  const config = shapeOf('Qwen3-0.6B');
  const lengths = [10, 1000, 300, 1000, 20];
  const group: WeightedGroup = {
    prompt: new Int32Array(200),
    problem: 0,
    responses: lengths.map((length) => ({
      weight: 1,
      response: { tokens: new Int32Array(length), logprob: new Float32Array(length), advantage: 1, truncated: false },
    })),
  };
  const tokens = (memory: number) =>
    layeredParts(group, config, memory).map(({ responses }) => responses.map(({ response }) => response.tokens.length));
  expect(tokens(1)).toEqual([[1000], [1000], [300], [20], [10]]);
  expect(tokens(64 * GB)).toEqual([[1000, 1000, 300, 20, 10]]);
  expect(tokens(2.5 * GB).flat()).toEqual([1000, 1000, 300, 20, 10]);
});
