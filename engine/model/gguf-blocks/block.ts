/** Shared by the block formats: the type of a block reader, and readers of numbers. */
import { halfTable } from '../../tensor/index.ts';

/** Writes the weights of the block at `at` in `bytes` to `out`, starting at `to`. */
export type ReadBlock = (bytes: Uint8Array, at: number, out: Float32Array, to: number) => void;

/** The float16 at `at`. */
export const half = (bytes: Uint8Array, at: number): number => halfTable()[bytes[at]! | (bytes[at + 1]! << 8)]!;

/** A byte as a number from -128 to 127. */
export const signed = (byte: number): number => (byte << 24) >> 24;

/** The 16-bit number at `at`. */
export const short = (bytes: Uint8Array, at: number): number => bytes[at]! | (bytes[at + 1]! << 8);

/** The 32-bit number at `at`. */
export const word = (bytes: Uint8Array, at: number): number =>
  (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
