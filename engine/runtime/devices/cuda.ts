/** CUDA. */
import fs from 'node:fs';
import path from 'node:path';
import { ALL_TYPES } from '../capabilities.ts';
import { onnxruntimeDevice, onnxruntimeFolder, onnxruntimeVersion } from './onnxruntime.ts';

const FILES = ['libonnxruntime_providers_cuda.so', 'libonnxruntime_providers_shared.so'];

/** Missing files that CUDA requires and the package does not include. */
export function missingCudaFiles(folder = onnxruntimeFolder()): string[] {
  return FILES.filter((file) => !fs.existsSync(path.join(folder, file)));
}

function hint(): string {
  const missing = missingCudaFiles();
  if (missing.length === 0) {
    return 'Install the NVIDIA driver, CUDA 12 and cuDNN 9, and make sure that their libraries are on LD_LIBRARY_PATH.';
  }
  return (
    `${missing.join(' and ')} must be in ${onnxruntimeFolder()}. They come with the NuGet package ` +
    `Microsoft.ML.OnnxRuntime.Gpu.Linux ${onnxruntimeVersion()}, which ` +
    '`node node_modules/onnxruntime-node/script/install.js --onnxruntime-node-install=cuda12` fetches. ' +
    'CUDA 12, cuDNN 9 and the NVIDIA driver are also required.'
  );
}

export const cuda = onnxruntimeDevice({
  name: 'cuda',
  provider: { name: 'cuda', dialect: 'fused' },
  // onnxruntime's package for Node cannot keep values on this device between calls.
  capabilities: { controlFlow: false, ownMemory: true, resident: false, dataTypes: ALL_TYPES },
  platforms: ['linux-x64'],
  variables: ['CUDA_VISIBLE_DEVICES'],
  missingFiles: missingCudaFiles,
  hint,
});
