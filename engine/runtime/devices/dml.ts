/** DirectML. */
import { ALL_TYPES } from '../capabilities.ts';
import { onnxruntimeDevice } from './onnxruntime.ts';

export const dml = onnxruntimeDevice({
  name: 'dml',
  provider: { name: 'dml', dialect: 'portable' },
  capabilities: { controlFlow: false, ownMemory: true, resident: false, dataTypes: ALL_TYPES },
  platforms: ['win32'],
  hint: () => 'DirectML requires Windows 10 1903 or newer and a DirectX 12 driver.',
});
