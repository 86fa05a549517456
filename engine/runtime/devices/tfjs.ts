/** TensorFlow.js. */
import { ALL_TYPES, type Capabilities } from '../capabilities.ts';
import { openTfjs, probeTfjs, TFJS_HINT } from '../tfjs.ts';
import type { Device } from './device.ts';

export const TFJS_CAPABILITIES: Capabilities = {
  // A loop's condition is read back in every turn, so nothing is gained by more than one step per call.
  controlFlow: false,
  ownMemory: true,
  resident: true,
  dataTypes: ALL_TYPES,
};

/** TensorFlow.js, which the user installs, and which computes only where somebody asks for it. */
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
