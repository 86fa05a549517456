/** TensorFlow.js in pure JavaScript: the interpreter's operators are those of the native package, only slower. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import type { Backend } from '../../engine/runtime/backend.ts';
import { tfjsBackend } from '../../engine/runtime/tfjs-backend.ts';

/** A backend on it. */
export async function pureTfjsBackend(): Promise<Backend> {
  tf.enableProdMode();
  await tf.setBackend('cpu');
  return tfjsBackend(tf);
}

/** How many tensors there are, of all backends. */
export function tensorCount(): number {
  return tf.memory().numTensors;
}
