/** Loss, gradients, KL and what is clipped, against TRL and torch: `tests/parity/oracle/policy_loss.py`. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseHuggingFaceConfig } from '../../engine/model/huggingface-config.ts';
import { initialLora } from '../../engine/model/lora.ts';
import { parameterShapes } from '../../engine/model/parameters.ts';
import { readTensor, type StoredTensor } from '../../engine/model/safetensors.ts';
import { Weights } from '../../engine/model/weights.ts';
import { LossConfig, OptimizerConfig, type ProblemUpdate, RunConfig } from '../../engine/protocol/index.ts';
import { LayeredModel } from '../../engine/rollout/layered-model.ts';
import { generator } from '../../engine/rollout/philox.ts';
import type { Backend } from '../../engine/runtime/backend.ts';
import { openDevice } from '../../engine/runtime/devices/index.ts';
import type { Graph } from '../../engine/tensor/index.ts';
import { advantages } from '../../engine/training/advantages.ts';
import type { TrainedGroup, TrainedResponse } from '../../engine/training/policy/responses.ts';
import { Trainer, type UpdateMetrics } from '../../engine/training/policy/trainer.ts';
import { learningRate } from '../../engine/training/schedule.ts';
import { pureTfjsBackend } from '../support/tfjs.ts';
import { tinyModel } from '../support/tiny-model.ts';

interface Row {
  prompt: number[];
  completion: number[];
  shift: number[];
  advantage: number;
  truncated: boolean;
}

interface Case {
  name: string;
  offPolicy: boolean;
  loss: object;
  expected: {
    loss: number;
    gradientNorm: number;
    clipFraction: number;
    kl: number;
    norms: number[];
    projections: number[];
    finalNorm: number[];
  };
}

interface Model {
  vocabulary: number;
  parameters: string[];
  rows: Row[];
  logprob: number[][];
  entropy: number[][];
  reference: number[][];
  cases: Case[];
}

interface Golden {
  temperature: number;
  maxTokens: number;
  apart: number;
  config: object;
  models: Record<'small' | 'large', Model>;
  advantages: { rewards: number[][]; expected: Record<LossConfig['advantage'], number[][]> }[];
  schedules: {
    steps: number;
    warmup: number;
    cases: { schedule: OptimizerConfig['schedule']; minimum: number; rates: number[] }[];
  };
}

const golden = JSON.parse(readFileSync(path.join(import.meta.dirname, 'golden', 'policy-loss.json'), 'utf8')) as Golden;

/** Numbers in [-0.5, 0.5), as the oracle draws them: the finaliser of MurmurHash3 over index and seed. */
function uniform(count: number, seed: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => {
    let h = (i + Math.imul(seed, 0x9e3779b9)) >>> 0;
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    h = (h ^ (h >>> 16)) >>> 0;
    return (h >>> 8) / 2 ** 24 - 0.5;
  });
}

/** The model's parameters, moved by `apart` towards another draw. */
function draw(model: Model, shapes: ReadonlyMap<string, number[]>, apart: number): Map<string, Float32Array> {
  return new Map(
    model.parameters.map((name, i) => {
      const shape = shapes.get(name)!;
      const size = shape.reduce((a, b) => a * b, 1);
      const value = shape.length === 1 ? new Float32Array(size).fill(1) : uniform(size, i + 1);
      const other = uniform(size, 100 + i + 1);
      return [name, value.map((x, k) => x + apart * other[k]!)];
    }),
  );
}

/** Neighboring rows of one prompt are a group. */
function groupsOf({ rows, logprob }: Model, offPolicy: boolean): TrainedGroup[] {
  const groups: TrainedGroup[] = [];
  rows.forEach(({ prompt, completion, shift, advantage, truncated }, i) => {
    const old = logprob[i]!.map((value, t) => (offPolicy ? value - shift[t]! : value));
    const response = { tokens: Int32Array.from(completion), logprob: Float32Array.from(old), advantage, truncated };
    const last = groups.at(-1);
    if (last && last.prompt.join() === prompt.join()) last.responses.push(response);
    else groups.push({ prompt: Int32Array.from(prompt), problem: groups.length, responses: [response] });
  });
  return groups;
}

const BETA = 0.9;

/** A trainer at the model's parameters, whose run began at the reference's. */
function trainerOf(backend: Backend, model: Model, loss: object, memory = 2 ** 30, layered = false): Trainer {
  const config = parseHuggingFaceConfig({ ...golden.config, vocab_size: model.vocabulary }, 'config.json');
  const shapes = parameterShapes(config);
  const tensors = new Map<string, StoredTensor>(
    [...shapes].map(([name, shape]) => [name, { file: '', offset: 0, bytes: 0, dtype: 'F32', shape }]),
  );
  const bind = (graph: Graph) => new Weights(graph, config, tensors, null);
  const trainer = new Trainer({
    backend,
    bind,
    config,
    layers: layered ? new LayeredModel({ backend, bind, config, positions: 64 }) : null,
    parameters: [...shapes].map(([name, shape]) => ({ name, shape })),
    initial: draw(model, shapes, golden.apart),
    loss: LossConfig.parse(loss),
    optimizer: OptimizerConfig.parse({ lr: 1e-3, beta1: BETA, clipNorm: 1e6 }),
    maxTokens: golden.maxTokens,
    temperature: golden.temperature,
    positions: 64,
    memory,
  });
  const values = draw(model, shapes, 0);
  const zeros = ['m', 'v'].flatMap((kind) =>
    [...values].map(([name, value]) => [`${kind}.${name}`, new Float32Array(value.length)] as const),
  );
  trainer.restore(values, new Map(zeros), 0);
  return trainer;
}

/** The gradient of the first update: AdamW's first moment was 0 before it. */
async function gradients(trainer: Trainer): Promise<Map<string, Float32Array>> {
  const { tensors } = await trainer.optimizerState();
  return new Map(
    [...tensors]
      .filter(([name]) => name.startsWith('m.'))
      .map(([name, { data }]) => [name.slice(2), data.map((x) => x / (1 - BETA))]),
  );
}

/** Relative to the largest number, float32 rounds differently by about 1e-6 here. */
function expectClose(found: ArrayLike<number>, expected: ArrayLike<number>, what: string, tolerance = 2e-5): void {
  expect(found.length, what).toBe(expected.length);
  const size = Math.max(...Array.from(expected, Math.abs), 1e-3);
  for (let i = 0; i < expected.length; i++) {
    expect(Math.abs(found[i]! - expected[i]!) / size, `${what} ${i}`).toBeLessThan(tolerance);
  }
}

const dot = (a: Float32Array, b: Float32Array) => a.reduce((total, x, i) => total + x * b[i]!, 0);

/** KL and clipped share of the problems, each by its tokens, make up those of the step. */
function expectByProblem(
  { kl, clipFraction, problems }: UpdateMetrics,
  groups: TrainedGroup[],
  counts: (response: TrainedResponse) => boolean,
): void {
  expect(problems.map(({ problem }) => problem)).toEqual(groups.map(({ problem }) => problem));
  const tokens = groups.map(({ responses }) => responses.filter(counts).reduce((n, r) => n + r.tokens.length, 0));
  const all = tokens.reduce((a, b) => a + b, 0);
  const together = (of: (one: ProblemUpdate) => number) =>
    problems.reduce((total, item, i) => total + of(item) * tokens[i]!, 0) / all;
  expect(together((item) => item.kl!)).toBeCloseTo(kl!, 9);
  expect(together((item) => item.clipFraction!)).toBeCloseTo(clipFraction!, 9);
  for (const one of problems) expect(one.clipFraction).toBeLessThanOrEqual(1);
}

async function expectUpdate(
  backend: Backend,
  model: Model,
  given: Case,
  memory?: number,
  layered = false,
): Promise<UpdateMetrics> {
  const loss = { ...given.loss, ...(given.offPolicy && { miniBatch: 64 }) };
  const trainer = trainerOf(backend, model, loss, memory, layered);
  const metrics = await trainer.update(groupsOf(model, given.offPolicy), 1e-3, () => {});
  const { expected } = given;
  expectClose([metrics.loss!], [expected.loss], 'loss');
  expectClose([metrics.gradientNorm!], [expected.gradientNorm], 'gradient norm');
  expect(metrics.clipFraction).toBeCloseTo(expected.clipFraction, 6);
  expectClose([metrics.kl!], [expected.kl], 'kl');
  const counts = ({ truncated }: TrainedResponse) => !(LossConfig.parse(given.loss).maskTruncated && truncated);
  expectByProblem(metrics, groupsOf(model, given.offPolicy), counts);
  const found = await gradients(trainer);
  const inOrder = model.parameters.map((name) => found.get(name)!);
  expectClose(
    inOrder.map((gradient) => Math.sqrt(dot(gradient, gradient))),
    expected.norms,
    'norm of gradient',
  );
  expectClose(
    inOrder.map((gradient, i) => dot(uniform(gradient.length, 200 + i + 1), gradient)),
    expected.projections,
    'projection of gradient',
  );
  expectClose(found.get('model.norm.weight')!, expected.finalNorm, 'gradient of model.norm.weight');
  await trainer.release();
  return metrics;
}

describe.each(['small', 'large'] as const)('with a %s vocabulary', (size) => {
  const model = golden.models[size];

  test.each(model.cases)('$name', async (given) => {
    const backend = await openDevice('cpu', { threads: 1 });
    await expectUpdate(backend, model, given);
    await backend.release();
  });

  test.each(model.cases)('layer by layer, one response at a time: $name', async (given) => {
    const backend = await openDevice('cpu', { threads: 1 });
    await expectUpdate(backend, model, given, 1, true);
    await backend.release();
  });

  const everything = model.cases.find(({ name }) => name === 'everything')!;

  test('all of them, one response at a time', async () => {
    const backend = await openDevice('cpu', { threads: 1 });
    const alone = await expectUpdate(backend, model, everything, 1);
    const together = await expectUpdate(backend, model, everything);
    expect(new Set(alone.problems.map(({ clipFraction }) => clipFraction)).size).toBeGreaterThan(1);
    for (const [i, { problem, kl, clipFraction }] of alone.problems.entries()) {
      expect(together.problems[i]).toEqual({ problem, kl: expect.closeTo(kl!, 6), clipFraction });
    }
    await backend.release();
  });

  test('all of them, in TensorFlow.js', async () => {
    const backend = await pureTfjsBackend();
    await expectUpdate(backend, model, everything);
    await expectUpdate(backend, model, everything, undefined, true);
    await backend.release();
  });

  test('log-probs and entropies of responses, in several pieces', async () => {
    const backend = await openDevice('cpu', { threads: 1 });
    for (const [memory, layered] of [
      [1, false],
      [2 ** 30, false],
      [1, true],
    ] as const) {
      const trainer = trainerOf(backend, model, {}, memory, layered);
      const scores = (await trainer.score(groupsOf(model, false))).flat();
      scores.forEach(({ logprob, entropy }, i) => {
        expectClose(logprob, model.logprob[i]!, `log-probs of response ${i}`);
        expectClose(entropy, model.entropy[i]!, `entropies of response ${i}`);
      });
      await trainer.release();
    }
    await backend.release();
  });
});

describe('the reference policy', () => {
  const model = golden.models.small;
  const withoutAdvantage = (groups: TrainedGroup[]) =>
    groups.map((group) => ({ ...group, responses: group.responses.map((r) => ({ ...r, advantage: 0 })) }));

  test('is measured against when nothing trains, and attracts the policy when the penalty is on', async () => {
    const backend = await openDevice('cpu', { threads: 1 });
    const groups = withoutAdvantage(groupsOf(model, false));
    const measured = trainerOf(backend, model, {});
    const before = await measured.weights();
    const { kl, ...rest } = await measured.update(groups, 1e-3, () => {});
    expectClose([kl!], [model.cases[0]!.expected.kl], 'kl');
    expect(rest).toMatchObject({ loss: null, gradientNorm: null, clipFraction: null });
    expect(rest.problems.every((item) => item.clipFraction === null && item.kl! > 0)).toBe(true);
    expect(await measured.weights()).toEqual(before);
    await measured.release();

    const penalised = trainerOf(backend, model, { klCoefficient: 1, klEstimator: 'k2' });
    // k2 of given tokens: what a step down its gradient lowers.
    const distance = async () =>
      (await penalised.score(groups))
        .flat()
        .reduce(
          (sum, { logprob }, i) => sum + logprob.reduce((s, x, t) => s + (x - model.reference[i]![t]!) ** 2, 0),
          0,
        );
    const far = await distance();
    const losses: number[] = [];
    for (let i = 0; i < 5; i++) losses.push((await penalised.update(groups, 2e-3, () => {})).loss!);
    expect(losses[0]! * 2).toBeCloseTo(far / model.rows.reduce((n, { completion }) => n + completion.length, 0), 4);
    expect(await distance()).toBeLessThan(far * 0.8);
    await penalised.release();
    await backend.release();
  });

  test('is the model without its adapter, also for a run that resumes from a checkpoint', async () => {
    const backend = await openDevice('cpu', { threads: 1 });
    const { bind, config, parameters, expected, golden: adapter } = await tinyModel('tiny-llama', true);
    const trainer = new Trainer({
      backend,
      bind,
      config,
      parameters,
      initial: initialLora(parameters, generator(3, 'initialize')),
      loss: LossConfig.parse({}),
      optimizer: OptimizerConfig.parse({}),
      maxTokens: 16,
      temperature: expected.temperature,
      positions: 64,
      memory: 2 ** 30,
    });
    const read = async (name: string) => [name, await readTensor(adapter.get(`lora.${name}`)!)] as const;
    const values = new Map(await Promise.all(parameters.map(({ name }) => read(name))));
    const moments = [...values].flatMap(([name, value]) =>
      ['m', 'v'].map((kind) => [`${kind}.${name}`, new Float32Array(value.length)] as const),
    );
    trainer.restore(values, new Map(moments), 7);
    const { dense, withLora, sequences } = expected;
    const groups = sequences.map(({ prompt, completion }, problem) => {
      const logprob = Float32Array.from(withLora!.statistics[problem]!.logprob);
      const response = { tokens: Int32Array.from(completion), logprob, advantage: 0, truncated: false };
      return { prompt: Int32Array.from(prompt), problem, responses: [response] };
    });
    const { kl } = await trainer.update(groups, 1e-3, () => {});
    const terms = sequences.flatMap((_, i) =>
      withLora!.statistics[i]!.logprob.map((logprob, t) => {
        const d = dense.statistics[i]!.logprob[t]! - logprob;
        return Math.exp(d) - d - 1;
      }),
    );
    const wanted = terms.reduce((a, b) => a + b, 0) / terms.length;
    expect(wanted).toBeGreaterThan(0.01);
    expectClose([kl!], [wanted], 'kl', 1e-4);
    await trainer.release();
    await backend.release();
  });

  test('is not kept if nothing needs it', async () => {
    const backend = await openDevice('cpu', { threads: 1 });
    const trainer = trainerOf(backend, model, { measureKl: false });
    const metrics = await trainer.update(groupsOf(model, false), 1e-3, () => {});
    expect(metrics.kl).toBeNull();
    expectClose([metrics.gradientNorm!], [model.cases[1]!.expected.gradientNorm], 'gradient norm');
    await trainer.release();
    await backend.release();
  });

  test('is computed once for several passes, and each pass is the same as if it were computed again', async () => {
    const backend = await openDevice('cpu', { threads: 1 });
    const loss = { epochs: 2, klCoefficient: 0.5, miniBatch: 2 };
    const groups = groupsOf(model, true);
    const parts = [groups.slice(0, 2), groups.slice(2)];
    const trainer = trainerOf(backend, model, loss);
    for (const part of parts) await trainer.update(part, 1e-2, () => {});
    const other = trainerOf(backend, model, loss);
    for (const part of parts) {
      const values = new Map([...(await trainer.weights())].map(([name, { data }]) => [name, data.slice()]));
      const { updates, tensors } = await trainer.optimizerState();
      const state = new Map([...tensors].map(([name, { data }]) => [name, data.slice()]));
      other.restore(values, state, updates);
      const shares: number[] = [];
      const second = await trainer.update(part, 1e-2, (fraction) => shares.push(fraction));
      expect(second).toEqual(await other.update(part, 1e-2, () => {}));
      // No call of the device before those of the gradient.
      expect(shares[0]).toBe(0.25);
    }
    // What was kept is given up: a third pass asks again.
    const shares: number[] = [];
    await trainer.update(parts[0]!, 1e-2, (fraction) => shares.push(fraction));
    expect(shares[0]).toBe(0);
    await other.release();
    await trainer.release();
    await backend.release();
  });
});

test.each(golden.advantages)('advantages of $rewards', ({ rewards, expected }) => {
  for (const [estimator, values] of Object.entries(expected)) {
    const found = advantages(estimator as LossConfig['advantage'], rewards);
    expect(found.map((group) => group.length)).toEqual(rewards.map((group) => group.length));
    expectClose(found.flat(), values.flat(), estimator, 1e-10);
  }
});

test.each(golden.schedules.cases)('$schedule with minimum $minimum has the same rates as transformers', (given) => {
  const { steps, warmup } = golden.schedules;
  const { optimizer } = RunConfig.parse({
    dataset: { path: 'embedded' },
    optimizer: { lr: 1, warmup: warmup / steps, schedule: given.schedule, minimum: given.minimum },
  });
  const found = given.rates.map((_, i) => learningRate(optimizer, warmup + i + 1, steps));
  expectClose(found, given.rates, 'rate', 1e-10);
  expect(learningRate(optimizer, 1, steps)).toBeCloseTo(1 / warmup, 12);
});
