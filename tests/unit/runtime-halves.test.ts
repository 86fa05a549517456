/** Matrices of 16 bits that are widened for each use: the same numbers, and never all of them in float32. */
import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { openDevice } from '../../engine/runtime/devices/index.ts';
import { compileFunction } from '../../engine/runtime/function.ts';
import { encodeGraph } from '../../engine/runtime/onnx.ts';
import type { Encoder } from '../../engine/runtime/onnx-encoder.ts';
import { productWithHalves } from '../../engine/runtime/onnx-halves.ts';
import type { EncodedHalves } from '../../engine/runtime/onnx-weights.ts';
import { type ExternalData, Graph, op, toFloat16, toFloat32 } from '../../engine/tensor/index.ts';
import { temporaryFolder } from '../support/processes.ts';

const [ROWS, WIDTH] = [1100, 4096];
/** More than are widened at a time. */
const COUNT = ROWS * WIDTH;

/** A matrix in a file, and its numbers. */
function matrix(stored: 'F16' | 'BF16'): { data: ExternalData; values: Float32Array } {
  const numbers = Float32Array.from({ length: COUNT }, (_, i) => Math.sin(i * 12.9898) / 8);
  const bytes = stored === 'F16' ? toFloat16(numbers) : upperHalves(numbers);
  const file = path.join(temporaryFolder(), 'weights');
  fs.writeFileSync(file, Buffer.concat([Buffer.alloc(64), bytes]));
  return {
    data: { file, offset: 64, bytes: bytes.length, stored, widenedAtUse: true },
    values: toFloat32(bytes, stored),
  };
}

function upperHalves(values: Float32Array): Uint8Array {
  const bits = new Uint32Array(values.buffer);
  return new Uint8Array(Uint16Array.from(bits, (x) => x >>> 16).buffer);
}

test.each(['F16', 'BF16'] as const)(
  '%s: products, rows and the matrix itself, inside and outside a loop',
  async (stored) => {
    const { data, values } = matrix(stored);
    const graph = new Graph();
    const w = graph.external('w', [ROWS, WIDTH], data);
    const x = graph.input('x', 'float32', ['M', WIDTH]);
    const index = graph.input('index', 'int32', ['n']);
    const trips = graph.input('trips', 'int64', []);
    const { carried } = op.loop(trips, [op.mul(op.linear(x, w), 0)], 'turns', (_, [sum]) => ({
      carried: [op.add(sum!, op.linear(x, w))],
      stacked: [],
    }));
    const inputs = { x, index, trips };
    const outputs = {
      product: graph.output('product', op.linear(x, w)),
      thrice: graph.output('thrice', carried[0]!),
      rows: graph.output('rows', op.gather(w, index)),
      sums: graph.output('sums', op.reduceSum(w, [1])),
    };
    const backend = await openDevice('cpu', { threads: 1 });
    const compiled = await compileFunction(backend, { graph, inputs, outputs });
    const given = Float32Array.from({ length: 2 * WIDTH }, (_, i) => Math.cos(i));
    const found = await compiled.run({
      x: backend.value('float32', [2, WIDTH], given),
      index: backend.value('int32', [2], Int32Array.of(ROWS - 1, 3)),
      trips: backend.value('int64', [], BigInt64Array.of(3n)),
    });
    const dot = (a: number, row: number) => {
      let sum = 0;
      for (let k = 0; k < WIDTH; k++) sum += given[a * WIDTH + k]! * values[row * WIDTH + k]!;
      return sum;
    };
    for (const [a, row] of [
      [0, 0],
      [1, 63],
      [0, 64],
      [1, 1023],
      [0, 1024],
      [1, ROWS - 1],
    ] as const) {
      expect((found.product.data as Float32Array)[a * ROWS + row]).toBeCloseTo(dot(a, row), 3);
      expect((found.thrice.data as Float32Array)[a * ROWS + row]).toBeCloseTo(3 * dot(a, row), 3);
    }
    const rows = [...values.subarray((ROWS - 1) * WIDTH), ...values.subarray(3 * WIDTH, 4 * WIDTH)];
    expect([...(found.rows.data as Float32Array)]).toEqual(rows);
    expect((found.sums.data as Float32Array)[5]).toBeCloseTo(
      values.subarray(5 * WIDTH, 6 * WIDTH).reduce((a, b) => a + b, 0),
      3,
    );
    await compiled.release();
    await backend.release();
  },
);

/** Products one after the other with matrices that are all different. */
function chain(file: string, layers: number, width: number, widenedAtUse: boolean): Graph {
  const graph = new Graph();
  const bytes = 2 * width * width;
  let x = graph.input('x', 'float32', [1, width]);
  for (let i = 0; i < layers; i++) {
    const data = { file, offset: i * bytes, bytes, stored: 'F16' as const, widenedAtUse };
    x = op.tanh(op.linear(x, graph.external(`w${i}`, [width, width], data)));
  }
  graph.output('y', x);
  return graph;
}

test('a session does not store them in float32', async () => {
  const [layers, width] = [16, 2048];
  const bytes = 2 * layers * width * width;
  const file = path.join(temporaryFolder(), 'weights');
  fs.writeFileSync(file, Buffer.alloc(bytes));
  const backend = await openDevice('cpu', { threads: 1 });
  const before = process.memoryUsage.rss();
  const executable = await backend.compile(chain(file, layers, width, true));
  await executable.run({ x: backend.value('float32', [1, width], new Float32Array(width)) });
  // The files' pages; with all of them widened it would be more than twice as much.
  expect(process.memoryUsage.rss() - before).toBeLessThan(1.5 * bytes);
  await executable.release();
  await backend.release();
});

test('no part is larger than fits in a cache and the allocator keeps', () => {
  const parts: [from: number, to: number][] = [];
  const halves = {
    ...{ rows: 49_152, width: 576, whole: () => 'whole' },
    part: (from: number, to: number) => {
      parts.push([from, to]);
      return `part${from}`;
    },
  } as unknown as EncodedHalves;
  productWithHalves({ emit: () => 'y' } as unknown as Encoder, 'x', halves, 'y');
  expect(parts[0]![0]).toBe(0);
  expect(parts.at(-1)![1]).toBe(49_152);
  parts.forEach(([from, to], i) => {
    expect(4 * 576 * (to - from)).toBeLessThanOrEqual(2 ** 20);
    expect(from).toBe(i === 0 ? 0 : parts[i - 1]![1]);
  });
});

test('with the operators of WebGPU they are widened when a session is opened', () => {
  const file = path.join(temporaryFolder(), 'weights');
  fs.writeFileSync(file, Buffer.alloc(2 * 64));
  expect(encodeGraph(chain(file, 1, 8, true), 'fused').widensAtUse).toBe(true);
  expect(encodeGraph(chain(file, 1, 8, true), 'portable').widensAtUse).toBe(false);
});
