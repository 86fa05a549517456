/** Zstandard. Node 20 has none of its own. */
import { decompress } from 'fzstd';

/** Unpacks `length` bytes. Throws where the input is damaged. */
export function unpackZstd(input: Uint8Array, length: number): Uint8Array {
  return decompress(input, new Uint8Array(length));
}
