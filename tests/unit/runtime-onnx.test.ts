/** The ONNX encoding: protobuf, what is left out, what is written once, weights in files. */
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Backend } from '../../engine/runtime/backend.ts';
import { openDevice } from '../../engine/runtime/devices/index.ts';
import { encodeGraph } from '../../engine/runtime/onnx.ts';
import { Message } from '../../engine/runtime/protobuf.ts';
import { Graph, gradients, op, type Tensor } from '../../engine/tensor/index.ts';
import { temporaryFolder } from '../support/processes.ts';
import { evaluateGraph } from '../support/reference-backend.ts';
import { expectThrow } from '../support/refusals.ts';

let backend: Backend;
beforeAll(async () => {
  backend = await openDevice('cpu', { threads: 1 });
});
afterAll(() => backend.release());

test('protobuf messages are encoded as the format requires', () => {
  const inner = new Message().int(1, 150);
  const bytes = new Message().message(3, inner).string(2, 'testing').float(5, 1).int(1, -1).finish();
  const text = Buffer.from('testing').toString('hex');
  const hex = ['1a03089601', `1207${text}`, '2d0000803f', '08ffffffffffffffffff01'].join('');
  expect(Buffer.from(bytes).toString('hex')).toBe(hex);
});

test.each([
  [0, '00'],
  [127, '7f'],
  [128, '8001'],
  [2 ** 31 - 1, 'ffffffff07'],
  [2 ** 31, '8080808008'],
  [2 ** 40, '808080808020'],
])('the integer %d of a message', (value, hex) => {
  expect(Buffer.from(new Message().int(1, value).finish()).toString('hex')).toBe(`08${hex}`);
});

/** How often a text occurs in a model's bytes. */
function occurrences(graph: Graph, text: string): number {
  return Buffer.from(encodeGraph(graph, 'fused').model).toString('latin1').split(text).length - 1;
}

/** How many ONNX nodes of a type a model has: field 4 of a NodeProto, with its length before it. */
function nodesOf(graph: Graph, type: string): number {
  return occurrences(graph, `\x22${String.fromCharCode(type.length)}${type}`);
}

describe('a model contains', () => {
  test('no node that no output needs', () => {
    const graph = new Graph();
    const x = graph.input('x', 'float32', ['B', 3]);
    const w = graph.input('w', 'float32', [4, 3]);
    const [dw] = gradients(op.reduceSum(op.exp(op.linear(x, w))), [w]);
    graph.output('dw', dw!);
    op.tanh(x);
    expect(graph.nodes.some((node) => node.op === 'Tanh')).toBe(true);
    expect(nodesOf(graph, 'Tanh')).toBe(0);
    // The product forward and the gradient of the weights, not that of x.
    expect(graph.nodes.filter((node) => node.op === 'MatMul')).toHaveLength(3);
    expect(nodesOf(graph, 'Gemm')).toBe(2);
  });

  test('equal constants once', () => {
    const graph = new Graph();
    const x = graph.input('x', 'float32', [3]);
    const ones = () => graph.constant('float32', [3], Float32Array.of(1.5, 2.5, 3.5));
    graph.output('y', op.add(op.add(x, ones()), ones()));
    const pattern = Buffer.from(Float32Array.of(1.5, 2.5, 3.5).buffer).toString('latin1');
    expect(occurrences(graph, pattern)).toBe(1);
  });

  test('each size and shape once', () => {
    const graph = new Graph();
    const x = graph.input('x', 'float32', ['B', 2, 'L', 4]);
    const flat = (t: Tensor) => op.reshape(op.transpose(t, [2, 1, 0, 3]), ['2*L', 'B', 4]);
    graph.output('y', op.add(flat(x), flat(op.exp(x))));
    expect(nodesOf(graph, 'Reshape')).toBe(2);
    expect(nodesOf(graph, 'Concat')).toBe(1);
    expect(nodesOf(graph, 'Shape')).toBe(2);
  });

  test('one reshape for several in a row', () => {
    const graph = new Graph();
    const x = graph.input('x', 'float32', ['B', 'L', 3]);
    graph.output('y', op.reshape(op.reshape(op.reshape(x, ['B*L', 3]), ['B', 'L', 1, 3]), ['3*B', 'L']));
    expect(nodesOf(graph, 'Reshape')).toBe(1);
  });

  test('one name for an input and an output without mixing them up', async () => {
    const graph = new Graph();
    const x = graph.input('x', 'float32', []);
    graph.output('x', op.add(x, 1));
    graph.output('same', x);
    graph.output('constant', graph.scalar(7));
    const executable = await backend.compile(graph);
    const results = await executable.run({ x: backend.value('float32', [], Float32Array.of(2)) });
    expect(Object.values(results).map((value) => value.data![0])).toEqual([3, 2, 7]);
  });
});

describe('inputs are checked before they are run', () => {
  const graph = new Graph();
  const x = graph.input('x', 'float32', ['B', 2]);
  const y = graph.input('y', 'float32', ['B']);
  graph.output('z', op.add(op.reduceSum(x, [1]), y));
  const floats = (...shape: number[]) =>
    backend.value('float32', shape, new Float32Array(shape.reduce((a, b) => a * b)));

  test.each([
    ['missing', () => ({ x: floats(1, 2) }), 'input y is missing'],
    ['another rank', () => ({ x: floats(2), y: floats(1) }), 'input x is float32 [B,2], given float32 [2]'],
    ['another size', () => ({ x: floats(1, 3), y: floats(1) }), 'given float32 [1,3]'],
    ['sizes that differ', () => ({ x: floats(3, 2), y: floats(4) }), 'size B is 4 here and 3 in another input'],
    [
      'another type',
      () => ({ x: floats(1, 2), y: backend.value('int32', [1], new Int32Array(1)) }),
      'input y is float32 [B], given int32 [1]',
    ],
  ])('%s', async (_, feeds, message) => {
    const executable = await backend.compile(graph);
    await expect(executable.run(feeds() as never)).rejects.toThrow(message);
    await executable.release();
  });
});

test('a lack of memory is distinguished from a bug', async () => {
  const graph = new Graph();
  const x = graph.input('x', 'float32', ['N']);
  graph.output('y', op.exp(op.add(op.reshape(x, ['N', 1]), x)));
  const executable = await backend.compile(graph);
  const huge = backend.value('float32', [3_000_000], new Float32Array(3_000_000));
  await expect(executable.run({ x: huge })).rejects.toMatchObject({ code: 'memory' });
  await executable.release();
});

describe('weights in files', () => {
  // 1, 2, -0.5, 3 in each format.
  const stored = {
    F32: Buffer.from(Float32Array.of(1, 2, -0.5, 3).buffer),
    BF16: Buffer.from(Uint16Array.of(0x3f80, 0x4000, 0xbf00, 0x4040).buffer),
    F16: Buffer.from(Uint16Array.of(0x3c00, 0x4000, 0xb800, 0x4200).buffer),
  };

  function graphOf(files: Record<keyof typeof stored, string>): Graph {
    const graph = new Graph();
    const x = graph.input('x', 'float32', [1, 2]);
    for (const format of ['F32', 'BF16', 'F16'] as const) {
      const bytes = stored[format].length;
      const w = graph.external(`w ${format}`, [2, 2], { file: files[format], offset: 8, bytes, stored: format });
      graph.output(format, op.linear(x, w));
    }
    return graph;
  }

  async function expectProducts(graph: Graph): Promise<void> {
    const executable = await backend.compile(graph);
    const results = await executable.run({ x: backend.value('float32', [1, 2], Float32Array.of(10, 1)) });
    for (const format of Object.keys(stored)) expect([...results[format]!.data!], format).toEqual([12, -2]);
    await executable.release();
    const reference = evaluateGraph(graph, { x: { shape: [1, 2], data: Float64Array.of(10, 1) } });
    for (const format of Object.keys(stored)) expect([...reference[format]!.data], format).toEqual([12, -2]);
  }

  test('of every format, in several read-only folders, are read in place', async () => {
    const folder = temporaryFolder();
    const files = {} as Record<keyof typeof stored, string>;
    for (const format of ['F32', 'BF16', 'F16'] as const) {
      const inner = path.join(folder, format === 'F16' ? 'a/b' : format);
      fs.mkdirSync(inner, { recursive: true });
      files[format] = path.join(inner, 'weights.safetensors');
      fs.writeFileSync(files[format], Buffer.concat([Buffer.alloc(8), stored[format]]));
      fs.chmodSync(inner, 0o555);
    }
    try {
      await expectProducts(graphOf(files));
    } finally {
      for (const file of Object.values(files)) fs.chmodSync(path.dirname(file), 0o755);
    }
  });

  test('are found through links that lead out of their folder, as in the Hub’s cache', async () => {
    const folder = temporaryFolder();
    fs.mkdirSync(path.join(folder, 'blobs'));
    fs.mkdirSync(path.join(folder, 'snapshots/1'), { recursive: true });
    const files = {} as Record<keyof typeof stored, string>;
    for (const format of ['F32', 'BF16', 'F16'] as const) {
      fs.writeFileSync(path.join(folder, 'blobs', format), Buffer.concat([Buffer.alloc(8), stored[format]]));
      files[format] = path.join(folder, 'snapshots/1', `${format}.safetensors`);
      fs.symlinkSync(path.join('../../blobs', format), files[format]);
    }
    await expectProducts(graphOf(files));
  });

  test('that are missing are named', () => {
    const file = path.join(temporaryFolder(), 'gone.safetensors');
    const encoding = () => encodeGraph(graphOf({ F32: file, BF16: file, F16: file }), 'fused');
    expectThrow(encoding, 'model', { reason: 'unreadable', file });
  });

  test('that are truncated are named, with the missing tensor', () => {
    const file = path.join(temporaryFolder(), 'short.safetensors');
    fs.writeFileSync(file, Buffer.alloc(20));
    const encoding = () => encodeGraph(graphOf({ F32: file, BF16: file, F16: file }), 'fused');
    expectThrow(encoding, 'model', { reason: 'truncated', file, field: 'w F32' });
  });

  test.runIf(process.platform === 'linux')('stay mapped: they use no memory of the process', async () => {
    const [rows, columns] = [4096, 4096];
    const file = path.join(temporaryFolder(), 'large.safetensors');
    fs.writeFileSync(file, Buffer.alloc(rows * columns * 4));
    const graph = new Graph();
    const x = graph.input('x', 'float32', ['B', columns]);
    const data = { file, offset: 0, bytes: rows * columns * 4, stored: 'F32' as const };
    graph.output('y', op.linear(x, graph.external('w', [rows, columns], data)));
    const before = anonymousBytes();
    const executable = await backend.compile(graph);
    await executable.run({ x: backend.value('float32', [1, columns], new Float32Array(columns)) });
    expect(anonymousBytes() - before).toBeLessThan(rows * columns);
    await executable.release();
  });
});

function anonymousBytes(): number {
  const status = fs.readFileSync('/proc/self/status', 'utf8');
  return Number(/RssAnon:\s+(\d+) kB/.exec(status)![1]) * 1024;
}
