/** @tensorflow/tfjs-node-gpu, an optional peer: whether it is there and works. */
import { createRequire } from 'node:module';
import path from 'node:path';
import { runInChild } from './child.ts';

const PACKAGES = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'];

const CODE = `
const util = require('node:util');
// Removed in Node 23; the package's last release calls them.
util.isNullOrUndefined ??= (value) => value === null || value === undefined;
util.isArray ??= Array.isArray;
const [file] = process.argv.slice(1);
(async () => {
  try {
    const tf = require(file);
    const n = 256;
    const x = tf.tensor2d(Float32Array.from({ length: n * n }, (_, i) => Math.sin(i)), [n, n]);
    const value = (await tf.sum(tf.matMul(x, x)).data())[0];
    console.log(JSON.stringify({ value, backend: tf.getBackend(), version: tf.version['tfjs-core'] }));
  } catch (error) {
    console.log(JSON.stringify({ message: String(error && error.message || error) }));
  }
})();
`;

/** Where the package lies: in the folder of $ROLLSCOPE_TFJS, or beside Rollscope's own packages; null when in neither. */
function findTfjs(): { name: string; file: string } | null {
  const folder = process.env.ROLLSCOPE_TFJS;
  const require = createRequire(folder ? path.join(path.resolve(folder), 'package.json') : import.meta.url);
  for (const name of PACKAGES) {
    try {
      return { name, file: require.resolve(name) };
    } catch {
      // Not this one.
    }
  }
  return null;
}

/** Loads it in a process of its own and multiplies two matrices. */
export async function probeTfjs(): Promise<{ works: boolean; detail: string }> {
  const found = findTfjs();
  if (!found) return { works: false, detail: 'not installed (optional)' };
  const { answer, failure } = await runInChild(CODE, [found.file], { seconds: 60 });
  const { backend, version, message } = (answer ?? {}) as { backend?: string; version?: string; message?: string };
  if (backend === undefined) {
    return { works: false, detail: `${found.name} cannot be loaded: ${firstLine(message ?? failure)}` };
  }
  return { works: true, detail: `${found.name} ${version}, backend ${backend}` };
}

function firstLine(text: string): string {
  return text.split('\n')[0]!;
}
