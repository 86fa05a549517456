/** Rollscope's version, from package.json. */
import { version } from '../../package.json';

export const VERSION: string = version;

/** Whether a version is later than another, judging by its three numbers only. */
export function isNewer(version: string, than: string): boolean {
  const [a, b] = [version, than].map((text) => text.split(/[.+-]/).map((part) => Number.parseInt(part, 10)));
  for (let i = 0; i < 3; i++) {
    const [left, right] = [a![i] || 0, b![i] || 0];
    if (left !== right) return left > right;
  }
  return false;
}

/** The version that wrote a run, if it is newer than this one; null for others, and if it is not a version. */
export function newerVersion(writer: unknown): string | null {
  return typeof writer === 'string' && isNewer(writer, VERSION) ? writer : null;
}
