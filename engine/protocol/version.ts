/** Rollscope's version, from package.json. */
import { version } from '../../package.json';

export const VERSION: string = version;

/** The version that a run was written by, if it is newer than this one; null for others, and for what is not a version. */
export function newerVersion(writer: unknown): string | null {
  if (typeof writer !== 'string') return null;
  const [theirs, ours] = [writer, VERSION].map((text) => text.split(/[.+-]/).map((part) => Number.parseInt(part, 10)));
  for (let i = 0; i < 3; i++) {
    const [left, right] = [theirs![i] || 0, ours![i] || 0];
    if (left !== right) return left > right ? writer : null;
  }
  return null;
}
