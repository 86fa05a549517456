/** What devices can do. */
import type { DType } from '../tensor/index.ts';

/** What a device can do. Code that computes on one asks for this, never for its name. */
export interface Capabilities {
  /** Loops, branches and conditions inside a graph are worth their while; otherwise one step per call. */
  readonly controlFlow: boolean;
  /** It has its own memory, separate from the host's. */
  readonly ownMemory: boolean;
  /** Outputs can stay in that memory until the next call; otherwise all are copied to the host. */
  readonly resident: boolean;
  readonly dataTypes: readonly DType[];
}

/** Types of everything that a graph computes with. */
export const ALL_TYPES: readonly DType[] = ['float32', 'int32', 'int64', 'bool'];

/** Types that keys and values may have in memory of the host. */
export const NARROW_TYPES: readonly DType[] = ['float16', 'uint8'];
