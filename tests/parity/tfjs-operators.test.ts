/** Every operator, run by the interpreter on TensorFlow.js, against the float64 reference. */
import { afterAll, beforeAll, expect } from 'vitest';
import type { Backend } from '../../engine/runtime/backend.ts';
import { testOperators } from '../support/operator-suite.ts';
import { pureTfjsBackend, tensorCount } from '../support/tfjs.ts';

let backend: Backend;
let before: number;
beforeAll(async () => {
  backend = await pureTfjsBackend();
  before = tensorCount();
});
afterAll(async () => {
  await backend.release();
  // Nothing was kept on the device.
  expect(tensorCount()).toBe(before);
});

testOperators(() => backend, { operators: 1e-5, gradients: 1e-5 });
