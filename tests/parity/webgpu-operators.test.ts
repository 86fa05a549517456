/** Every operator, run by onnxruntime on WebGPU, against the float64 reference. */
import { afterAll, beforeAll, describe } from 'vitest';
import type { Backend } from '../../engine/runtime/backend.ts';
import { openDevice } from '../../engine/runtime/devices/index.ts';
import { isEmpty } from '../support/operator-case.ts';
import { testOperators } from '../support/operator-suite.ts';
import { requireWebgpu } from '../support/webgpu.ts';

const available = requireWebgpu();
let backend: Backend;
beforeAll(async () => {
  if (available) backend = await openDevice('webgpu', { threads: 1 });
});
afterAll(() => backend?.release());

describe.runIf(available)('WebGPU', () => {
  testOperators(
    () => backend,
    { operators: 2e-5, gradients: 5e-5 },
    (given) => !isEmpty(given),
  );
});
