/** Decompression of Parquet pages. */
import zlib from 'node:zlib';
import type { CompressionCodec } from 'hyparquet';
import { unpackLz4, unpackLz4Block } from '../lz4.ts';
import { unpackSnappy } from '../snappy.ts';
import { unpackZstd } from '../zstd/index.ts';

/** Maximum bytes of a decompressed page; a damaged file may declare more. */
const MAX_PAGE = 1 << 29;

const CODECS: Readonly<Partial<Record<CompressionCodec, (input: Uint8Array, length: number) => Uint8Array>>> = {
  UNCOMPRESSED: (input) => input,
  SNAPPY: unpackSnappy,
  GZIP: (input, length) => zlib.gunzipSync(input, { maxOutputLength: length }),
  BROTLI: (input, length) => zlib.brotliDecompressSync(input, { maxOutputLength: length }),
  ZSTD: unpackZstd,
  LZ4: unpackLz4,
  LZ4_RAW: unpackLz4Block,
};

/** Decompresses a page to `length` bytes. Throws if it is damaged or has another length. */
export function unpackPage(input: Uint8Array, length: number, codec: CompressionCodec | undefined): Uint8Array {
  const unpack = codec && CODECS[codec];
  if (!unpack) throw new Error(`parquet unsupported compression codec: ${codec}`);
  if (!(length >= 0 && length <= MAX_PAGE)) throw new Error(`a page of ${length} bytes`);
  if (length === 0) return new Uint8Array();
  const page = unpack(input, length);
  if (page.length !== length) throw new Error(`a page of ${page.length} instead of ${length} bytes`);
  return page;
}
