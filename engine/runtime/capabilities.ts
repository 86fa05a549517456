/** Capabilities of devices. */
import type { DType } from '../tensor/index.ts';

/** Capabilities of a device. Code that computes on a device checks these, never its name. */
export interface Capabilities {
  /** Loops, branches and conditions inside a graph are efficient; otherwise one step per call. */
  readonly controlFlow: boolean;
  /** The device has its own memory, separate from the host's. */
  readonly ownMemory: boolean;
  /** Outputs can stay in that memory until the next call; otherwise all are copied to the host. */
  readonly resident: boolean;
  readonly dataTypes: readonly DType[];
}

/** Types used by the computations of graphs. */
export const ALL_TYPES: readonly DType[] = ['float32', 'int32', 'int64', 'bool'];

/** Types for a KV cache in host memory. */
export const NARROW_TYPES: readonly DType[] = ['float16', 'uint8'];
