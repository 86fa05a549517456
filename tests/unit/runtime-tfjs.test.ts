/** TensorFlow.js as a device: how it is found and loaded, what stays on it, and what it frees. */
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Backend, Value } from '../../engine/runtime/backend.ts';
import { resolveDevice } from '../../engine/runtime/choose-device.ts';
import { openDevice } from '../../engine/runtime/devices/index.ts';
import { probeTfjs } from '../../engine/runtime/tfjs.ts';
import { Graph, op, type StoredType } from '../../engine/tensor/index.ts';
import { growingCache } from '../support/growing-cache.ts';
import { temporaryFolder } from '../support/processes.ts';
import { expectRejection } from '../support/refusals.ts';
import { pureTfjsBackend, pureTfjsFolder, tensorCount } from '../support/tfjs.ts';

describe('the package', () => {
  afterEach(() => vi.unstubAllEnvs());

  test('that is missing is reported with instructions to install it', async () => {
    vi.stubEnv('ROLLSCOPE_TFJS', temporaryFolder());
    const facts = { reason: 'device-not-installed', device: 'tfjs' };
    await expectRejection(openDevice('tfjs', { threads: 1 }), 'device', facts);
    expect(await probeTfjs()).toEqual({ works: false, reason: expect.any(String) });
  });

  test('that ends its process is refused, and not loaded into this one', async () => {
    const folder = pureTfjsFolder();
    fs.writeFileSync(path.join(folder, 'node_modules/@tensorflow/tfjs-node/index.js'), 'process.abort()');
    vi.stubEnv('ROLLSCOPE_TFJS', folder);
    const facts = { reason: 'device-not-usable', device: 'tfjs' };
    await expectRejection(openDevice('tfjs', { threads: 1 }), 'device', facts);
  });

  test("is loaded from the user's folder, with the functions that Node has removed", async () => {
    vi.stubEnv('ROLLSCOPE_TFJS', pureTfjsFolder());
    // The same object that a package gets; in newer versions of Node these are missing.
    const util = createRequire(import.meta.url)('node:util') as Record<string, unknown>;
    const { isArray, isNullOrUndefined } = util;
    delete util.isArray;
    delete util.isNullOrUndefined;
    try {
      const backend = await openDevice(await resolveDevice('tfjs'), { threads: 1 });
      expect(backend).toMatchObject({ device: 'tfjs', controlFlow: false });
      await backend.release();
    } finally {
      Object.assign(util, { isArray, isNullOrUndefined });
    }
    expect(await probeTfjs()).toMatchObject({ works: true, detail: expect.stringMatching(/tfjs-node 4.*backend cpu/) });
  });
});

describe('on the device', () => {
  let backend: Backend;
  let before: number;
  beforeEach(async () => {
    backend = await pureTfjsBackend();
    before = tensorCount();
  });

  const floats = (...values: number[]) => backend.value('float32', [1, values.length], Float32Array.from(values));

  test('tensors go from outputs to inputs, and are freed when they are disposed', async () => {
    const executable = await backend.compile(growingCache(), { keepOnDevice: ['cache'] });
    let cache: Value = floats(1, 2, 3);
    for (let i = 1; i <= 5; i++) {
      const result = await executable.run({ cache, x: floats(i, i, i) });
      cache.dispose();
      cache = result.cache!;
      expect(cache).toMatchObject({ data: null, dtype: 'float32', shape: [i + 1, 3] });
      const below = (i * (i + 1)) / 2;
      expect([...result.sum!.data!]).toEqual([1 + below, 2 + below, 3 + below]);
      expect(tensorCount()).toBe(before + 1);
    }
    expect([...(await backend.read(cache))].slice(0, 6)).toEqual([1, 2, 3, 1, 1, 1]);
    cache.dispose();
    cache.dispose();
    expect(tensorCount()).toBe(before);
  });

  test('tensors outlive the graph that created them, and end with the backend', async () => {
    const executable = await backend.compile(growingCache(), { keepOnDevice: ['cache'] });
    const { cache } = await executable.run({ cache: floats(1, 2, 3), x: floats(4, 5, 6) });
    await executable.release();
    const graph = new Graph();
    graph.output('largest', op.reduceMax(graph.input('x', 'float32', ['L', 3])));
    const other = await backend.compile(graph);
    expect((await other.run({ x: cache! })).largest!.data![0]).toBe(6);
    expect(tensorCount()).toBe(before + 1);
    await backend.release();
    expect(tensorCount()).toBe(before);
  });

  test('an output that is an input, or returned twice, is a separate tensor', async () => {
    const graph = new Graph();
    const x = graph.input('x', 'float32', [1, 2]);
    graph.output('a', x);
    graph.output('b', x);
    const executable = await backend.compile(graph, { keepOnDevice: ['a', 'b'] });
    const first = await executable.run({ x: floats(1, 2) });
    const second = await executable.run({ x: first.a! });
    first.a!.dispose();
    first.b!.dispose();
    second.a!.dispose();
    expect([...(await backend.read(second.b!))]).toEqual([1, 2]);
    second.b!.dispose();
    expect(tensorCount()).toBe(before);
  });

  test('intermediate results are freed as soon as nothing reads them', async () => {
    const graph = new Graph();
    let y = graph.input('x', 'float32', [1, 2]);
    const most: number[] = [];
    for (let i = 0; i < 20; i++) y = op.exp(y);
    graph.output('y', op.reshape(y, [2]));
    const tf = await import('@tensorflow/tfjs-core');
    const exp = vi.spyOn(tf.engine(), 'runKernel').mockImplementation(function (this: never, ...args) {
      most.push(tensorCount());
      return Object.getPrototypeOf(tf.engine()).runKernel.apply(tf.engine(), args);
    });
    const executable = await backend.compile(graph);
    await executable.run({ x: floats(-1, -2) });
    exp.mockRestore();
    expect(most.length).toBeGreaterThan(20);
    expect(Math.max(...most) - before).toBeLessThanOrEqual(3);
  });

  test('a run that fails leaves nothing behind', async () => {
    const graph = new Graph();
    const x = graph.input('x', 'float32', ['B', 2]);
    const index = graph.input('index', 'int32', ['N']);
    const n = graph.input('n', 'int64', []);
    const { stacked } = op.loop(n, [], 'T', () => ({ carried: [], stacked: [op.gather(op.mul(x, 2), index)] }));
    graph.output('y', stacked[0]!);
    const executable = await backend.compile(graph, { keepOnDevice: ['y'] });
    const feeds = (at: number) => ({
      x: floats(1, 2),
      index: backend.value('int32', [1], Int32Array.of(at)),
      n: backend.value('int64', [], BigInt64Array.of(3n)),
    });
    const made = tensorCount();
    await expect(executable.run(feeds(7))).rejects.toThrow();
    expect(tensorCount()).toBe(made);
    const { y } = await executable.run(feeds(0));
    expect([...(await backend.read(y!))]).toEqual([2, 4, 2, 4, 2, 4]);
    y!.dispose();
    await executable.release();
    expect(tensorCount()).toBe(before);
  });

  test('64-bit integers are returned as such, and refused if they do not fit 32 bits', async () => {
    const graph = new Graph();
    graph.output('y', op.add(graph.input('x', 'int64', [1]), 1));
    const executable = await backend.compile(graph);
    const value = (x: bigint) => ({ x: backend.value('int64', [1], BigInt64Array.of(x)) });
    expect((await executable.run(value(-5n))).y!.data).toEqual(BigInt64Array.of(-4n));
    await expect(executable.run(value(2n ** 31n))).rejects.toThrow('2147483648 (int64) has no place in 32 bits');
  });

  test('inputs are checked', async () => {
    const executable = await backend.compile(growingCache());
    await expect(executable.run({ cache: floats(1, 2, 3) })).rejects.toThrow('input x is missing');
    await expect(executable.run({ cache: floats(1, 2, 3), x: floats(1) })).rejects.toThrow('given float32 [1,1]');
  });
});

describe('weights of a file', () => {
  function stored(bytes: Uint8Array): { file: string; bytes: number } {
    const file = path.join(temporaryFolder(), 'weights');
    fs.writeFileSync(file, Buffer.concat([Buffer.of(1, 2, 3), bytes]));
    return { file, bytes: bytes.length };
  }

  /** The weight, twice its value. */
  function doubled(weight: { file: string; bytes: number }, type: StoredType): Graph {
    const graph = new Graph();
    graph.output('y', op.mul(graph.external('w', [2], { ...weight, offset: 3, stored: type }), 2));
    return graph;
  }

  test.each([
    ['F32', new Uint8Array(Float32Array.of(1.5, -2).buffer)],
    ['BF16', new Uint8Array(Uint16Array.of(0x3fc0, 0xc000).buffer)],
    ['F16', new Uint8Array(Uint16Array.of(0x3e00, 0xc000).buffer)],
  ] as const)('in %s are read, and kept once for several graphs', async (type, bytes) => {
    const weight = stored(bytes);
    const backend = await pureTfjsBackend();
    const before = tensorCount();
    const first = await backend.compile(doubled(weight, type));
    const one = tensorCount();
    const second = await backend.compile(doubled(weight, type));
    // The second graph adds the factor alone.
    expect([one - before, tensorCount() - one]).toEqual([2, 1]);
    await first.release();
    await first.release();
    expect((await second.run({})).y!.data).toEqual(Float32Array.of(3, -4));
    await second.release();
    expect(tensorCount()).toBe(before);
  });

  test('that is missing or too short are a model error', async () => {
    const backend = await pureTfjsBackend();
    const before = tensorCount();
    const weight = stored(new Uint8Array(7));
    const { file } = weight;
    const short = backend.compile(doubled({ file, bytes: 8 }, 'F32'));
    await expectRejection(short, 'model', { reason: 'truncated', file, field: 'w' });
    const missing = backend.compile(doubled({ file: `${file}-none`, bytes: 8 }, 'F32'));
    await expectRejection(missing, 'model', { reason: 'unreadable', file: `${file}-none` });
    expect(tensorCount()).toBe(before);
  });
});
