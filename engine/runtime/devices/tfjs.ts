/** TensorFlow.js. */
import { ALL_TYPES, type Capabilities } from '../capabilities.ts';
import { openTfjs, probeTfjs, TFJS_HINT } from '../tfjs.ts';
import type { Device } from './device.ts';

export const TFJS_CAPABILITIES: Capabilities = {
  // The condition of a loop is read back at each iteration, so several steps per call gain nothing.
  controlFlow: false,
  ownMemory: true,
  resident: true,
  dataTypes: ALL_TYPES,
};

/** TensorFlow.js, an optional installation that is only used if selected explicitly. */
export const tfjs: Device = {
  name: 'tfjs',
  capabilities: TFJS_CAPABILITIES,
  platforms: null,
  variables: [],
  missingFiles: () => [],
  automatic: false,
  probe: probeTfjs,
  hint: () => TFJS_HINT,
  open: async () => (await import('../tfjs-backend.ts')).tfjsBackend(await openTfjs(), TFJS_CAPABILITIES),
};
