/** Tests that every backend must pass: each operator, and each gradient, against the float64 reference. */
import { describe, test } from 'vitest';
import type { Backend } from '../../engine/runtime/backend.ts';
import { Graph } from '../../engine/tensor/index.ts';
import { compareOutputs } from './compare.ts';
import { COMPOSITE_CASES } from './composite-cases.ts';
import { gradientProblem } from './finite-differences.ts';
import { buildCase, feedsOf, type OperatorCase } from './operator-case.ts';
import { OPERATOR_CASES } from './operator-cases.ts';
import { evaluateGraph } from './reference-backend.ts';

interface Tolerances {
  operators: number;
  gradients: number;
}

/** Declares the tests for the cases that `includes` accepts; `backend` is called when they run. */
export function testOperators(
  backend: () => Backend,
  tolerance: Tolerances,
  includes: (given: OperatorCase) => boolean = () => true,
): void {
  describe.each([...new Set(OPERATOR_CASES.map((c) => c.op))])('%s', (name) => {
    const cases = OPERATOR_CASES.filter((c) => c.op === name && includes(c));
    test.each(cases)('$what', async (given) => {
      const graph = new Graph();
      buildCase(graph, given).forEach((tensor, i) => {
        graph.output(`y${i}`, tensor);
      });
      const feeds = feedsOf(given, 7);
      await compareOutputs(backend(), graph, feeds, evaluateGraph(graph, feeds), tolerance.operators);
    });
  });

  // Gradient rules are tested on the reference elsewhere; here their graphs run on the backend.
  describe('gradients', () => {
    const cases = [...OPERATOR_CASES, ...COMPOSITE_CASES].filter((c) => c.wanted.length > 0 && includes(c));
    test.each(cases)('of $op: $what', async (given) => {
      const { graph, feeds } = gradientProblem((g) => buildCase(g, given), feedsOf(given, 7), given.wanted);
      await compareOutputs(backend(), graph, feeds, evaluateGraph(graph, feeds), tolerance.gradients);
    });
  });
}
