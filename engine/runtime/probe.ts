/** Probes a device: runs a chain of matrix products in a separate process and checks the result. */
import { createRequire } from 'node:module';
import { quantityText } from '../protocol/quantities.ts';
import { runInChild } from '../system/node-child.ts';
import { Graph, op } from '../tensor/index.ts';
import { encodeGraph } from './onnx.ts';
import { outputName } from './onnx-encoder.ts';
import type { Provider } from './provider.ts';

export type Probe =
  | {
      works: true;
      /** A description for people, such as its speed. */
      detail: string;
      /** Time and result of the chain, for comparison with other devices; null if it did not run. */
      time: { milliseconds: number; value: number } | null;
    }
  | { works: false; reason: string };

const SIZE = 512;
const PRODUCT_COUNT = 4;
const TIMEOUT_SECONDS = 30;
const TOLERANCE = 1e-3;

const PROBE_SCRIPT = `
const [runtime, provider, size, output] = process.argv.slice(1);
const { InferenceSession, Tensor, env } = require(runtime);
env.logLevel = 'fatal';
const chunks = [];
process.stdin.on('data', (chunk) => chunks.push(chunk)).on('end', async () => {
  try {
    const model = new Uint8Array(Buffer.concat(chunks));
    const session = await InferenceSession.create(model, { executionProviders: [JSON.parse(provider)], logSeverityLevel: 4 });
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

/** Multiplies x by itself four times, with a scale, and returns the mean magnitude of the result. */
function chain(): Graph {
  const graph = new Graph();
  const x = graph.input('x', 'float32', [SIZE, SIZE]);
  let y = x;
  for (let i = 0; i < PRODUCT_COUNT; i++) y = op.mul(op.matmul(y, x), 1.5);
  graph.output('y', op.reduceMean(op.abs(y)));
  return graph;
}

interface Answer {
  value?: number;
  milliseconds?: number;
  message?: string;
}

/**
 * Whether an execution provider works here, and its time for the chain. It does not work if its result differs from
 * `expected`, the result of the CPU.
 */
export async function probeProvider({ name, options }: Provider, expected?: number): Promise<Probe> {
  const runtime = createRequire(import.meta.url).resolve('onnxruntime-node');
  const { model } = encodeGraph(chain(), 'portable');
  const args = [runtime, JSON.stringify({ name, ...options }), String(SIZE), outputName('y')];
  const { answer, failure } = await runInChild(PROBE_SCRIPT, args, { input: model, seconds: TIMEOUT_SECONDS });
  const { value, milliseconds, message } = (answer ?? {}) as Answer;
  if (value === undefined || milliseconds === undefined)
    return { works: false, reason: withoutSourceLocation(message ?? failure) };
  if (expected !== undefined && !(Math.abs(value / expected - 1) < TOLERANCE)) {
    return { works: false, reason: `wrong result: ${value}, expected ${expected} as on the CPU` };
  }
  const detail = `${quantityText('milliseconds', milliseconds)} ms for four ${SIZE} x ${SIZE} matrix products`;
  return { works: true, detail, time: { milliseconds, value } };
}

/** Strips the source location with which onnxruntime's messages begin. */
function withoutSourceLocation(reason: string): string {
  if (/No supported adapters|Failed to get a WebGPU adapter/.test(reason)) return 'no GPU adapter found';
  return reason
    .split('\n')[0]!
    .replace(/^.*?was false\.\s*/, '')
    .slice(0, 200);
}
