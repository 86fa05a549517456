/** WebGPU. */
import { ALL_TYPES } from '../capabilities.ts';
import { onnxruntimeDevice } from './onnxruntime.ts';

export const webgpu = onnxruntimeDevice({
  name: 'webgpu',
  provider: { name: 'webgpu', dialect: 'portable' },
  capabilities: { controlFlow: false, ownMemory: true, resident: true, dataTypes: ALL_TYPES },
  platforms: null,
  variables: ['VK_DRIVER_FILES', 'VK_ICD_FILENAMES'],
  hint: () =>
    process.platform === 'linux'
      ? 'Install the Vulkan loader (Debian, Ubuntu: libvulkan1) and the GPU driver.'
      : 'Install the latest GPU driver.',
});
