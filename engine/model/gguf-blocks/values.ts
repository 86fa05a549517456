/** Formats whose 4 bits select one of 16 values: IQ4_NL, IQ4_XS, and the floats MXFP4 and NVFP4. */
import { half, type ReadBlock } from './block.ts';

/** Values of the 4-bit q of the IQ4 types. */
const IQ4_VALUES = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];

/** d, 4-bit q: d * value(q). */
export const iq4_nl: ReadBlock = (bytes, at, out, to) => {
  const d = half(bytes, at);
  for (let i = 0; i < 16; i++) {
    const byte = bytes[at + 2 + i]!;
    out[to + i] = d * IQ4_VALUES[byte & 15]!;
    out[to + i + 16] = d * IQ4_VALUES[byte >> 4]!;
  }
};

/** d, high 2 and low 4 bits of 8 scales, 256 4-bit q: d * (scale - 32) * value(q). */
export const iq4_xs: ReadBlock = (bytes, at, out, to) => {
  const d = half(bytes, at);
  const highs = bytes[at + 2]! | (bytes[at + 3]! << 8);
  for (let group = 0; group < 8; group++) {
    const low = (bytes[at + 4 + (group >> 1)]! >> ((group & 1) * 4)) & 15;
    const scale = d * ((low | (((highs >> (2 * group)) & 3) << 4)) - 32);
    for (let i = 0; i < 16; i++) {
      const byte = bytes[at + 8 + group * 16 + i]!;
      out[to + group * 32 + i] = scale * IQ4_VALUES[byte & 15]!;
      out[to + group * 32 + i + 16] = scale * IQ4_VALUES[byte >> 4]!;
    }
  }
};

/** Values of FP4 floats (1 sign, 2 exponent and 1 mantissa bits), doubled. */
const FP4_VALUES = [0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12];

/** An exponent, 4-bit floats: 2^(e - 128) * value(q). */
export const mxfp4: ReadBlock = (bytes, at, out, to) => {
  const d = 2 ** (bytes[at]! - 128);
  for (let i = 0; i < 16; i++) {
    const byte = bytes[at + 1 + i]!;
    out[to + i] = d * FP4_VALUES[byte & 15]!;
    out[to + i + 16] = d * FP4_VALUES[byte >> 4]!;
  }
};

/** Half the value of an unsigned float with 4 exponent and 3 mantissa bits; NaN counts as 0. */
function halfFp8(byte: number): number {
  const [exponent, mantissa] = [(byte >> 3) & 15, byte & 7];
  if (byte === 0 || byte === 0x7f) return 0;
  return exponent === 0 ? mantissa * 2 ** -10 : (1 + mantissa / 8) * 2 ** (exponent - 8);
}

/** Four 8-bit float scales, 64 4-bit floats: scale / 2 * value(q), 16 weights per scale. */
export const nvfp4: ReadBlock = (bytes, at, out, to) => {
  for (let group = 0; group < 4; group++) {
    const d = halfFp8(bytes[at + group]!);
    for (let i = 0; i < 8; i++) {
      const byte = bytes[at + 4 + group * 8 + i]!;
      out[to + group * 16 + i] = d * FP4_VALUES[byte & 15]!;
      out[to + group * 16 + i + 8] = d * FP4_VALUES[byte >> 4]!;
    }
  }
};
