/** The CPU, which is the baseline. */
import { ALL_TYPES, NARROW_TYPES } from '../capabilities.ts';
import { onnxruntimeDevice, onnxruntimeVersion } from './onnxruntime.ts';

/** The results of other devices are compared with its results. */
export const cpu = onnxruntimeDevice({
  name: 'cpu',
  provider: { name: 'cpu', dialect: 'fused' },
  capabilities: {
    controlFlow: true,
    ownMemory: false,
    resident: false,
    dataTypes: [...ALL_TYPES, ...NARROW_TYPES],
  },
  platforms: null,
  hint: () => `Reinstall the package onnxruntime-node ${onnxruntimeVersion()}.`,
});
