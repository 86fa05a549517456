/** Every operator, run by onnxruntime on the CPU, against the float64 reference. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Backend } from '../../engine/runtime/backend.ts';
import { ENCODERS } from '../../engine/runtime/onnx-operators.ts';
import { createBackend } from '../../engine/runtime/ort-backend.ts';
import { Graph } from '../../engine/tensor/index.ts';
import { compareOutputs } from '../support/compare.ts';
import { gradientProblem } from '../support/finite-differences.ts';
import { buildCase, COMPOSITE_CASES, feedsOf, OPERATOR_CASES } from '../support/operator-cases.ts';
import { evaluateGraph } from '../support/reference-backend.ts';

let backend: Backend;
beforeAll(async () => {
  backend = await createBackend('cpu', { threads: 1 });
});
afterAll(() => backend.release());

test('every operator has a case', () => {
  const tested = new Set(OPERATOR_CASES.map((c) => c.op));
  expect(Object.keys(ENCODERS).filter((name) => !tested.has(name))).toEqual([]);
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

// The tests of the gradient rules run on the reference; here they run as they are encoded for the device.
describe('gradients', () => {
  const cases = [...OPERATOR_CASES, ...COMPOSITE_CASES].filter((c) => c.wanted.length > 0);
  test.each(cases)('of $op: $what', async (given) => {
    const { graph, feeds } = gradientProblem((g) => buildCase(g, given), feedsOf(given, 7), given.wanted);
    await compareOutputs(backend, graph, feeds, evaluateGraph(graph, feeds), 1e-5);
  });
});
