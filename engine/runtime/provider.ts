/** An execution provider of onnxruntime, and the description of its device. */
import type { DeviceName } from '../protocol/devices.ts';
import type { Capabilities } from './capabilities.ts';
import type { Dialect } from './onnx-weights.ts';

export interface Provider {
  /** Its name in onnxruntime. */
  readonly name: string;
  readonly options?: Readonly<Record<string, string | number | boolean>>;
  /** `fused` uses onnxruntime's custom operators, `portable` only operators that every provider runs on its device. */
  readonly dialect: Dialect;
}

/** The description of a device for onnxruntime's backend. */
export interface OnnxruntimeDevice {
  readonly name: DeviceName;
  readonly provider: Provider;
  readonly capabilities: Capabilities;
  hint(): string;
}
