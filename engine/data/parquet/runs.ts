/**
 * Runs of equal values and packed bits: the encoding of Parquet's levels and dictionary indexes. Every loop is bounded by
 * the number of requested values, whatever length a run declares.
 */

/** Fills `output` with values of `width` bits (0 to 32) from `bytes`. Throws if the bytes end too early. */
export function readRuns(bytes: Uint8Array, width: number, output: Uint8Array | Uint32Array): void {
  if (width > 32) throw new Error(`values of ${width} bits`);
  if (width === 0) return;
  let at = 0;
  let seen = 0;
  const byte = () => bytes[at++] ?? tooShort();
  while (seen < output.length) {
    let head = 0;
    for (let shift = 0, more = true; more; shift += 7) {
      const next = byte();
      if (shift > 28) throw new Error('the length of a run has too many bytes');
      head = (head | ((next & 0x7f) << shift)) >>> 0;
      more = next >= 0x80;
    }
    const left = output.length - seen;
    const count = head >>> 1;
    if (head & 1) {
      const values = Math.min(count * 8, left);
      unpackBits(bytes, at, width, output, seen, values);
      seen += values;
      at += Math.min(count * width, bytes.length - at);
    } else {
      let value = 0;
      for (let i = 0; i < (width + 7) >> 3; i++) value = (value | (byte() << (8 * i))) >>> 0;
      const values = Math.min(count, left);
      output.fill(value, seen, seen + values);
      seen += values;
    }
  }
}

/** `values` numbers of `width` bits each, the lowest bit first. */
function unpackBits(
  bytes: Uint8Array,
  start: number,
  width: number,
  output: Uint8Array | Uint32Array,
  first: number,
  values: number,
): void {
  if (Math.ceil((values * width) / 8) > bytes.length - start) tooShort();
  let at = start;
  let bits = 0;
  let held = 0;
  if (width <= 24) {
    const mask = (1 << width) - 1;
    for (let i = 0; i < values; i++) {
      for (; held < width; held += 8) bits |= bytes[at++]! << held;
      output[first + i] = bits & mask;
      bits >>>= width;
      held -= width;
    }
    return;
  }
  const limit = 2 ** width;
  for (let i = 0; i < values; i++) {
    for (; held < width; held += 8) bits += bytes[at++]! * 2 ** held;
    output[first + i] = bits % limit;
    bits = Math.floor(bits / limit);
    held -= width;
  }
}

function tooShort(): never {
  throw new Error('a page ends too early');
}
