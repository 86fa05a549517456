/** Every operator, run by onnxruntime on WebGPU, against the float64 reference. */
import { afterAll, beforeAll, describe, test } from 'vitest';
import type { Backend } from '../../engine/runtime/backend.ts';
import { createBackend } from '../../engine/runtime/ort-backend.ts';
import { Graph } from '../../engine/tensor/index.ts';
import { compareOutputs } from '../support/compare.ts';
import { gradientProblem } from '../support/finite-differences.ts';
import { buildCase, COMPOSITE_CASES, feedsOf, isEmpty, OPERATOR_CASES } from '../support/operator-cases.ts';
import { evaluateGraph } from '../support/reference-backend.ts';
import { requireWebgpu } from '../support/webgpu.ts';

const available = requireWebgpu();
let backend: Backend;
beforeAll(async () => {
  if (available) backend = await createBackend('webgpu', { threads: 1 });
});
afterAll(() => backend?.release());

describe.runIf(available).each([...new Set(OPERATOR_CASES.map((c) => c.op))])('%s', (name) => {
  test.each(OPERATOR_CASES.filter((c) => c.op === name && !isEmpty(c)))('$what', async (given) => {
    const graph = new Graph();
    buildCase(graph, given).forEach((tensor, i) => {
      graph.output(`y${i}`, tensor);
    });
    const feeds = feedsOf(given, 7);
    await compareOutputs(backend, graph, feeds, evaluateGraph(graph, feeds), 2e-5);
  });
});

// The tests of the gradient rules run on the reference; here they run as they are encoded for the device.
describe.runIf(available)('gradients', () => {
  const cases = [...OPERATOR_CASES, ...COMPOSITE_CASES].filter((c) => c.wanted.length > 0 && !isEmpty(c));
  test.each(cases)('of $op: $what', async (given) => {
    const { graph, feeds } = gradientProblem((g) => buildCase(g, given), feedsOf(given, 7), given.wanted);
    await compareOutputs(backend, graph, feeds, evaluateGraph(graph, feeds), 5e-5);
  });
});
