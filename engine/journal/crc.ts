/** Cyclic redundancy checks: CRC-32 (zip, PNG) for frames and CRC-32C (Castagnoli) for TensorBoard files. */

function table(polynomial: number): Uint32Array {
  return Uint32Array.from({ length: 256 }, (_, byte) => {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ polynomial : value >>> 1;
    return value >>> 0;
  });
}

function checksum(entries: Uint32Array, bytes: Uint8Array): number {
  let value = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) value = entries[(value ^ bytes[i]!) & 0xff]! ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}

// Reflected polynomials.
const CRC32 = table(0xedb88320);
const CRC32C = table(0x82f63b78);

export const crc32 = (bytes: Uint8Array): number => checksum(CRC32, bytes);
export const crc32c = (bytes: Uint8Array): number => checksum(CRC32C, bytes);
