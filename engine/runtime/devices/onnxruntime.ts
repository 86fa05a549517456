/** Devices that onnxruntime's execution providers reach. */
import { createRequire } from 'node:module';
import path from 'node:path';
import type { DeviceName } from '../../protocol/devices.ts';
import type { Dialect } from '../onnx.ts';
import { probeProvider } from '../probe.ts';
import type { Capabilities, Device } from './device.ts';

export interface Provider {
  /** Its name in onnxruntime. */
  readonly name: string;
  readonly options?: Readonly<Record<string, string | number | boolean>>;
  /** `fused` uses onnxruntime's own operators, `portable` keeps to what every provider runs on its device. */
  readonly dialect: Dialect;
}

/** What onnxruntime's backend needs to know of a device. */
export interface OnnxruntimeDevice {
  readonly name: DeviceName;
  readonly provider: Provider;
  readonly capabilities: Capabilities;
  hint(): string;
}

type Described = OnnxruntimeDevice & Pick<Device, 'platforms'> & Partial<Pick<Device, 'variables' | 'missingFiles'>>;

export function onnxruntimeDevice(described: Described): Device {
  return {
    variables: [],
    missingFiles: () => [],
    automatic: true,
    ...described,
    probe: (expected) => probeProvider(described.provider, expected),
    // The native library is loaded by whoever computes, and by nobody else.
    open: async ({ threads }) => (await import('../ort-backend.ts')).openOnnxruntime(described, threads),
  };
}

/** Folder of onnxruntime's libraries. */
export function onnxruntimeFolder(): string {
  const file = createRequire(import.meta.url).resolve('onnxruntime-node/package.json');
  return path.join(path.dirname(file), 'bin', 'napi-v6', process.platform, process.arch);
}

export function onnxruntimeVersion(): string {
  return (createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string }).version;
}
