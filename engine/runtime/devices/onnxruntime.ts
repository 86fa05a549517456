/** Devices accessed through onnxruntime's execution providers. */
import { createRequire } from 'node:module';
import path from 'node:path';
import { probeProvider } from '../probe.ts';
import type { OnnxruntimeDevice } from '../provider.ts';
import { SpareCores } from '../spare-cores.ts';
import type { Device } from './device.ts';

type Described = OnnxruntimeDevice & Pick<Device, 'platforms'> & Partial<Pick<Device, 'variables' | 'missingFiles'>>;

/** Creates a device from the description of its execution provider; probing and opening are the same for all. */
export function onnxruntimeDevice(described: Described): Device {
  return {
    variables: [],
    missingFiles: () => [],
    automatic: true,
    ...described,
    probe: (expected) => probeProvider(described.provider, expected),
    open: async ({ threads }) => {
      const spare = threads === 0 && !described.capabilities.ownMemory ? SpareCores.here() : null;
      // Loaded on demand, so that only the compute thread loads the native library.
      return (await import('../ort-backend.ts')).openOnnxruntime(described, threads, spare);
    },
  };
}

/** The folder of onnxruntime's libraries. */
export function onnxruntimeFolder(): string {
  const file = createRequire(import.meta.url).resolve('onnxruntime-node/package.json');
  return path.join(path.dirname(file), 'bin', 'napi-v6', process.platform, process.arch);
}

/** The version of the installed package, such as `1.30.0`. Does not load the native library. */
export function onnxruntimeVersion(): string {
  return (createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string }).version;
}
