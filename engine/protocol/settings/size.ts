/** Sizes as people type and read them; units are binary. Pure. */

const UNITS: Record<string, number> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

/** Bytes of `4GB`, `4G`, `4 GiB`, `1500MB` or a number of bytes; null for anything but a size. */
export function bytesIn(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?$/i.exec(text.trim());
  return match ? Math.round(Number(match[1]) * UNITS[match[2]!.toLowerCase()]!) : null;
}
