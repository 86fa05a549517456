/** Values that stay on the device: fed back, read, shared between graphs, freed. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Backend, Value } from '../../engine/runtime/backend.ts';
import { openDevice } from '../../engine/runtime/devices/index.ts';
import { Graph, op } from '../../engine/tensor/index.ts';
import { growingCache } from '../support/growing-cache.ts';
import { requireWebgpu } from '../support/webgpu.ts';

const available = requireWebgpu();
let backend: Backend;
beforeAll(async () => {
  if (available) backend = await openDevice('webgpu', { threads: 1 });
});
afterAll(() => backend?.release());

const floats = (...values: number[]) => backend.value('float32', [1, values.length], Float32Array.from(values));

describe.runIf(available)('device buffers', () => {
  test('go from outputs to inputs without passing through the host', async () => {
    const executable = await backend.compile(growingCache(), { keepOnDevice: ['cache'] });
    let cache: Value = floats(1, 2, 3);
    for (let i = 1; i <= 5; i++) {
      const result = await executable.run({ cache, x: floats(i, i, i) });
      cache.dispose();
      cache = result.cache!;
      expect(cache.data).toBeNull();
      expect(cache.shape).toEqual([i + 1, 3]);
      const below = (i * (i + 1)) / 2;
      expect([...result.sum!.data!]).toEqual([1 + below, 2 + below, 3 + below]);
    }
    expect([...(await backend.read(cache))].slice(0, 6)).toEqual([1, 2, 3, 1, 1, 1]);
    cache.dispose();
    await executable.release();
  });

  test('are read by another graph, and outlive the one that created them', async () => {
    const executable = await backend.compile(growingCache(), { keepOnDevice: ['cache'] });
    const { cache } = await executable.run({ cache: floats(1, 2, 3), x: floats(4, 5, 6) });
    await executable.release();
    const graph = new Graph();
    const x = graph.input('x', 'float32', ['L', 3]);
    graph.output('largest', op.reduceMax(x));
    const other = await backend.compile(graph);
    expect((await other.run({ x: cache! })).largest!.data![0]).toBe(6);
    cache!.dispose();
    await other.release();
  });

  test('work for tokens (int32) too', async () => {
    const graph = new Graph();
    const tokens = graph.input('tokens', 'int32', ['L']);
    graph.output('tokens', op.concat([tokens, op.add(op.reduceMax(tokens, [0], true), 1)], 0));
    const executable = await backend.compile(graph, { keepOnDevice: ['tokens'] });
    const first = await executable.run({ tokens: backend.value('int32', [2], Int32Array.of(7, 8)) });
    const second = await executable.run({ tokens: first.tokens! });
    expect([...(await backend.read(second.tokens!))]).toEqual([7, 8, 9, 10]);
    first.tokens!.dispose();
    second.tokens!.dispose();
    await executable.release();
  });
});
