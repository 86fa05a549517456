/** Tries a device out: a chain of matrix products, in a process of its own, checked against the right result. */
import { createRequire } from 'node:module';
import { runInChild } from '../system/node-child.ts';
import { Graph, op } from '../tensor/index.ts';
import type { OrtDevice } from './backend.ts';
import { encodeGraph, outputName } from './onnx.ts';

/** `value` is what the chain came to, for comparison with other devices. */
export type Probe = { works: true; milliseconds: number; value: number } | { works: false; reason: string };

const SIZE = 512;
const PRODUCTS = 4;
const SECONDS = 30;
const TOLERANCE = 1e-3;

const CODE = `
const [runtime, device, size, output] = process.argv.slice(1);
const { InferenceSession, Tensor, env } = require(runtime);
env.logLevel = 'fatal';
const chunks = [];
process.stdin.on('data', (chunk) => chunks.push(chunk)).on('end', async () => {
  try {
    const model = new Uint8Array(Buffer.concat(chunks));
    const session = await InferenceSession.create(model, { executionProviders: [device], logSeverityLevel: 4 });
    const n = Number(size);
    const data = Float32Array.from({ length: n * n }, (_, i) => Math.sin(i * i) / Math.sqrt(n));
    const feeds = { x: new Tensor('float32', data, [n, n]) };
    let milliseconds = Infinity;
    let value = NaN;
    // The first run compiles shaders; a device in software is too slow for more.
    const begin = performance.now();
    for (let i = 0; i < 4 && performance.now() - begin < 1500; i++) {
      const start = performance.now();
      value = (await session.run(feeds))[output].data[0];
      milliseconds = Math.min(milliseconds, performance.now() - start);
    }
    console.log(JSON.stringify({ value, milliseconds }));
  } catch (error) {
    console.log(JSON.stringify({ message: String(error && error.message || error) }));
  }
});
`;

/** x, four times times itself, and the mean magnitude of the result. */
function chain(): Graph {
  const graph = new Graph();
  const x = graph.input('x', 'float32', [SIZE, SIZE]);
  let y = x;
  for (let i = 0; i < PRODUCTS; i++) y = op.mul(op.matmul(y, x), 1.5);
  graph.output('y', op.reduceMean(op.abs(y)));
  return graph;
}

interface Answer {
  value?: number;
  milliseconds?: number;
  message?: string;
}

/**
 * Whether a device works here, and its time for the chain. A device whose result is not the `expected` one, the CPU's,
 * does not work.
 */
export async function probeDevice(device: OrtDevice, expected?: number): Promise<Probe> {
  const runtime = createRequire(import.meta.url).resolve('onnxruntime-node');
  const { model } = encodeGraph(chain(), 'portable');
  const args = [runtime, device, String(SIZE), outputName('y')];
  const { answer, failure } = await runInChild(CODE, args, { input: model, seconds: SECONDS });
  const { value, milliseconds, message } = (answer ?? {}) as Answer;
  if (value === undefined || milliseconds === undefined) return { works: false, reason: message ?? failure };
  if (expected !== undefined && !(Math.abs(value / expected - 1) < TOLERANCE)) {
    return { works: false, reason: `it computes ${value} where the CPU computes ${expected}` };
  }
  return { works: true, milliseconds, value };
}
