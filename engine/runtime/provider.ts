/** An execution provider of onnxruntime, and what the backend needs to know of the device that it reaches. */
import type { DeviceName } from '../protocol/devices.ts';
import type { Capabilities } from './capabilities.ts';
import type { Dialect } from './onnx-weights.ts';

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
