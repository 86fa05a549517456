/** Every operator, run by onnxruntime on the CPU, against the float64 reference. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Backend } from '../../engine/runtime/backend.ts';
import { openDevice } from '../../engine/runtime/devices/index.ts';
import { OPERATORS } from '../../engine/tensor/index.ts';
import { OPERATOR_CASES } from '../support/operator-cases.ts';
import { testOperators } from '../support/operator-suite.ts';

let backend: Backend;
beforeAll(async () => {
  backend = await openDevice('cpu', { threads: 1 });
});
afterAll(() => backend.release());

test('every operator has a case', () => {
  const tested = new Set<string>(OPERATOR_CASES.map((c) => c.op));
  expect(Object.keys(OPERATORS).filter((name) => !tested.has(name))).toEqual([]);
});

testOperators(() => backend, { operators: 1e-5, gradients: 1e-5 });
