/** Finds, probes and loads @tensorflow/tfjs-node-gpu, an optional peer dependency. */
import { createRequire } from 'node:module';
import path from 'node:path';
import util from 'node:util';
import { RollscopeError } from '../protocol/errors.ts';
import { runInChild } from '../system/node-child.ts';
import type { Probe } from './probe.ts';
import type { Tfjs } from './tfjs-operators.ts';

const PACKAGES = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'];

/** How to install it. */
export const TFJS_HINT =
  'Install it in a separate folder (npm install @tensorflow/tfjs-node-gpu, or @tensorflow/tfjs-node without a GPU), ' +
  'set the environment variable ROLLSCOPE_TFJS to that folder, and select the device tfjs.';

const PROBE_SCRIPT = `
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

/** The package's location: in the folder $ROLLSCOPE_TFJS, or next to Rollscope's own packages; null if not found. */
function findTfjs(): { name: string; file: string } | null {
  const folder = process.env.ROLLSCOPE_TFJS;
  const require = createRequire(folder ? path.join(path.resolve(folder), 'package.json') : import.meta.url);
  for (const name of PACKAGES) {
    try {
      return { name, file: require.resolve(name) };
    } catch {
      // Try the next package.
    }
  }
  return null;
}

/** Loads it in a separate process and multiplies two matrices. */
export async function probeTfjs(): Promise<Probe> {
  const found = findTfjs();
  if (!found) return { works: false, reason: 'not installed (optional)' };
  const { answer, failure } = await runInChild(PROBE_SCRIPT, [found.file], { seconds: 60 });
  const { backend, version, message } = (answer ?? {}) as { backend?: string; version?: string; message?: string };
  if (backend === undefined) {
    return { works: false, reason: `${found.name} cannot be loaded: ${firstLine(message ?? failure)}` };
  }
  return { works: true, detail: `${found.name} ${version}, backend ${backend}`, time: null };
}

/**
 * Loads TensorFlow.js into this process, after probing it in another one, since an incompatible library may crash its
 * process. Throws RollscopeError `device` if it is not installed or does not work.
 */
export async function openTfjs(): Promise<Tfjs> {
  const found = findTfjs();
  if (!found)
    throw new RollscopeError('device', 'TensorFlow.js is not installed.', TFJS_HINT, {
      details: { reason: 'device-not-installed', device: 'tfjs' },
    });
  const probe = await probeTfjs();
  if (!probe.works)
    throw new RollscopeError('device', `The device tfjs is not usable: ${probe.reason}.`, TFJS_HINT, {
      details: { reason: 'device-not-usable', device: 'tfjs', system: probe.reason },
    });
  restoreUtilities();
  const tf = createRequire(found.file)(found.file) as Tfjs;
  // Otherwise it prints advice to the terminal.
  tf.enableProdMode();
  await tf.ready();
  return tf;
}

/** Restores two functions that Node 23 removed and the package's last release calls. */
function restoreUtilities(): void {
  const functions = util as unknown as Record<string, unknown>;
  functions.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
  functions.isArray ??= Array.isArray;
}

function firstLine(text: string): string {
  return text.split('\n')[0]!;
}
