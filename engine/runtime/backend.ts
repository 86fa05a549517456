/** What runs graphs: one interface for every device and for the float64 reference. */
import type { DeviceName } from '../protocol/devices.ts';
import type { DType, Graph, TensorData } from '../tensor/index.ts';

/** A tensor's value: an array of the host, or a buffer that stays on the device until it is disposed or read. */
export interface Value {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** The array, when the value is on the host. */
  readonly data: TensorData | null;
  /** Frees a device buffer; does nothing for a host array. */
  dispose(): void;
}

export interface CompileOptions {
  /** Outputs that stay on the device until the next call, where values can. */
  keepOnDevice?: readonly string[];
  /**
   * Copies weights into the layout that products like best: quicker with few rows, at the cost of the weights' size in
   * memory. Otherwise they stay mapped from their file.
   */
  packWeights?: boolean;
}

export interface Executable {
  /** Runs the graph. Every input by name; shapes must agree with the graph's. */
  run(feeds: Readonly<Record<string, Value>>): Promise<Record<string, Value>>;
  release(): Promise<void>;
}

export interface Backend {
  readonly device: DeviceName | 'reference';
  /** As the device's capabilities have it: loops, branches and conditions are worth their while. */
  readonly controlFlow: boolean;
  /** Seconds spent inside the device's own library so far. */
  readonly seconds: number;
  compile(graph: Graph, options?: CompileOptions): Promise<Executable>;
  /** Reads a value back. */
  read(value: Value): Promise<TensorData>;
  /** A host array as a value. */
  value(dtype: DType, shape: readonly number[], data: TensorData): Value;
  release(): Promise<void>;
}
