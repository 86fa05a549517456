/** Threads that help beside others on the machine, and sessions that are made again with them. */
import { expect, test } from 'vitest';
import { ALL_TYPES } from '../../engine/runtime/capabilities.ts';
import { openOnnxruntime } from '../../engine/runtime/ort-backend.ts';
import type { OnnxruntimeDevice } from '../../engine/runtime/provider.ts';
import { type CoreTimes, SpareCores } from '../../engine/runtime/spare-cores.ts';
import { Graph, op } from '../../engine/tensor/index.ts';

/** A machine whose cores are used like this for so many seconds, one after the other. */
function machine(cores: number, perCore = 1) {
  const now: CoreTimes = { elapsed: 0, own: 0, idle: 0 };
  const spare = new SpareCores(cores, perCore, () => ({ ...now }));
  return {
    spare,
    /** What this process and others take, in cores. */
    threadsAfter: (seconds: number, own: number, others: number) => {
      now.elapsed += seconds;
      now.own += own * seconds;
      now.idle += Math.max(0, cores - own - others) * seconds;
      return spare.threads();
    },
  };
}

test('alone, all cores are used, also while one thread works', () => {
  const { threadsAfter } = machine(2);
  expect(threadsAfter(1, 0.3, 0)).toBeNull();
  expect(threadsAfter(30, 2, 0)).toBeNull();
  expect(threadsAfter(30, 1, 0.2)).toBeNull();
});

test('next to other programs, there are as many threads as free cores', () => {
  expect(machine(2).threadsAfter(1, 0.5, 1.5)).toBe(1);
  expect(machine(2).threadsAfter(1, 0.2, 2)).toBe(1);
  expect(machine(16).threadsAfter(1, 1, 4)).toBe(12);
  // Two threads of a core are no two cores.
  expect(machine(16, 2).threadsAfter(1, 1, 4)).toBe(6);
});

test('new programs are noticed at the next check, ended ones at the one after it', () => {
  const { threadsAfter } = machine(2);
  expect(threadsAfter(1, 0.3, 0)).toBeNull();
  expect(threadsAfter(5, 1, 1)).toBeNull();
  expect(threadsAfter(20, 1, 1)).toBe(1);
  expect(threadsAfter(20, 1, 0)).toBe(1);
  expect(threadsAfter(20, 1, 1)).toBe(1);
  expect(threadsAfter(20, 1, 0)).toBe(1);
  expect(threadsAfter(20, 1, 0)).toBeNull();
});

test('a recreated session computes the same', async () => {
  const wanted: (number | null)[] = [null, null, 1, 1, 2, null];
  let asked = 0;
  const spare = { threads: () => wanted[asked++]! } as SpareCores;
  const cpu: OnnxruntimeDevice = {
    name: 'cpu',
    provider: { name: 'cpu', dialect: 'fused' },
    capabilities: { controlFlow: true, ownMemory: false, resident: false, dataTypes: ALL_TYPES },
    hint: () => '',
  };
  const backend = await openOnnxruntime(cpu, 0, spare);
  const graph = new Graph();
  const x = graph.input('x', 'float32', ['M', 64]);
  graph.output('y', op.softmax(op.matmul(x, x, { transB: true })));
  const executable = await backend.compile(graph);
  const data = Float32Array.from({ length: 70 * 64 }, (_, i) => Math.sin(i * i));
  const found: Float32Array[] = [];
  while (asked < wanted.length) {
    const { y } = await executable.run({ x: backend.value('float32', [70, 64], data) });
    found.push(y!.data as Float32Array);
  }
  expect(found).toHaveLength(5);
  for (const values of found) expect([...values]).toEqual([...found[0]!]);
  await executable.release();
  await backend.release();
});
