/** Backends, which run graphs: one interface for all devices and the float64 reference. */
import type { DeviceName } from '../protocol/devices.ts';
import type { DType, Graph, TensorData } from '../tensor/index.ts';

/** A tensor's value: a host array, or a buffer that stays on the device until disposed or read. */
export interface Value {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** The array, if the value is on the host. */
  readonly data: TensorData | null;
  /** Frees a device buffer; does nothing for a host array. */
  dispose(): void;
}

export interface CompileOptions {
  /** Outputs that stay on the device until the next call, if the device supports it. */
  keepOnDevice?: readonly string[];
  /**
   * Copies weights into the layout preferred by matrix products: faster with few rows, but takes memory for a second copy.
   * Otherwise they stay memory-mapped.
   */
  packWeights?: boolean;
}

export interface Executable {
  /** Runs the graph with a value for each input name; shapes must match the graph's. */
  run(feeds: Readonly<Record<string, Value>>): Promise<Record<string, Value>>;
  release(): Promise<void>;
}

export interface Backend {
  readonly device: DeviceName | 'reference';
  /** The device's capability of the same name: loops, branches and conditions in graphs are efficient. */
  readonly controlFlow: boolean;
  /** Total seconds spent in the device's own library. */
  readonly seconds: number;
  compile(graph: Graph, options?: CompileOptions): Promise<Executable>;
  /** Copies a value to the host. */
  read(value: Value): Promise<TensorData>;
  /** Wraps a host array as a value. */
  value(dtype: DType, shape: readonly number[], data: TensorData): Value;
  release(): Promise<void>;
}
