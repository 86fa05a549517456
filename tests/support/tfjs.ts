/** TensorFlow.js in pure JavaScript, whose interpreter runs the same operators as the native package, only slower. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import type { Backend } from '../../engine/runtime/backend.ts';
import { TFJS_CAPABILITIES } from '../../engine/runtime/devices/tfjs.ts';
import { tfjsBackend } from '../../engine/runtime/tfjs-backend.ts';
import { temporaryFolder } from './processes.ts';

/** A backend on pure TensorFlow.js. */
export async function pureTfjsBackend(): Promise<Backend> {
  tf.enableProdMode();
  await tf.setBackend('cpu');
  return tfjsBackend(tf, TFJS_CAPABILITIES);
}

/** Number of live tensors in all backends. */
export function tensorCount(): number {
  return tf.memory().numTensors;
}

/**
 * A folder with a pure-JavaScript package @tensorflow/tfjs-node. Like the real one, it needs two functions that Node 23
 * removed.
 */
export function pureTfjsFolder(): string {
  const folder = temporaryFolder();
  const home = path.join(folder, 'node_modules', '@tensorflow', 'tfjs-node');
  const { resolve } = createRequire(import.meta.url);
  const [core, cpu] = ['@tensorflow/tfjs-core', '@tensorflow/tfjs-backend-cpu'].map((name) =>
    JSON.stringify(resolve(name)),
  );
  mkdirSync(home, { recursive: true });
  writeFileSync(path.join(home, 'package.json'), JSON.stringify({ name: '@tensorflow/tfjs-node', main: 'index.js' }));
  writeFileSync(
    path.join(home, 'index.js'),
    `const util = require('util');
if (!util.isArray([]) || !util.isNullOrUndefined(null)) throw new Error('not the right functions');
const tf = require(${core});
require(${cpu});
module.exports = Object.assign({}, tf, { version: { 'tfjs-core': tf.version_core } });
`,
  );
  return folder;
}
