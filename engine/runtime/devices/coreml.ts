/** Core ML. */
import { ALL_TYPES } from '../capabilities.ts';
import { onnxruntimeDevice } from './onnxruntime.ts';

export const coreml = onnxruntimeDevice({
  name: 'coreml',
  provider: { name: 'coreml', dialect: 'portable' },
  capabilities: { controlFlow: false, ownMemory: true, resident: false, dataTypes: ALL_TYPES },
  platforms: ['darwin'],
  hint: () => 'Core ML is slower or less accurate than the CPU on some Macs; prefer WebGPU there.',
});
