/** Every operator, run by the interpreter on TensorFlow.js, against the float64 reference. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Backend } from '../../engine/runtime/backend.ts';
import { ENCODERS } from '../../engine/runtime/onnx-operators.ts';
import { OPERATORS } from '../../engine/runtime/tfjs-operators.ts';
import { Graph } from '../../engine/tensor/index.ts';
import { compareOutputs } from '../support/compare.ts';
import { gradientProblem } from '../support/finite-differences.ts';
import { buildCase, COMPOSITE_CASES, feedsOf, OPERATOR_CASES } from '../support/operator-cases.ts';
import { evaluateGraph } from '../support/reference-backend.ts';
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

test('there are the same operators as in ONNX, beside loops and branches', () => {
  expect([...Object.keys(OPERATORS), 'Loop', 'If'].sort()).toEqual(Object.keys(ENCODERS).sort());
});

describe.each([...new Set(OPERATOR_CASES.map((c) => c.op))])('%s', (name) => {
  const cases = OPERATOR_CASES.filter((c) => c.op === name);
  test.each(cases)('$what', async (given) => {
    const graph = new Graph();
    buildCase(graph, given).forEach((tensor, i) => {
      graph.output(`y${i}`, tensor);
    });
    const feeds = feedsOf(given, 7);
    await compareOutputs(backend, graph, feeds, evaluateGraph(graph, feeds), 1e-5);
  });
});

// The tests of the gradient rules run on the reference; here they run as the interpreter computes them.
describe('gradients', () => {
  const cases = [...OPERATOR_CASES, ...COMPOSITE_CASES].filter((c) => c.wanted.length > 0);
  test.each(cases)('of $op: $what', async (given) => {
    const { graph, feeds } = gradientProblem((g) => buildCase(g, given), feedsOf(given, 7), given.wanted);
    await compareOutputs(backend, graph, feeds, evaluateGraph(graph, feeds), 1e-5);
  });
});
