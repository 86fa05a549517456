/** Folders for what belongs to the user rather than to a run. */
import { homedir } from 'node:os';
import path from 'node:path';

/** The user's Rollscope folder: $ROLLSCOPE_HOME, or `.rollscope` in the home folder. */
export function rollscopeHome(): string {
  return process.env.ROLLSCOPE_HOME || path.join(homedir(), '.rollscope');
}

/** The folder of files that can be rebuilt: $ROLLSCOPE_CACHE, otherwise the platform's cache folder. */
export function cacheFolder(): string {
  const { ROLLSCOPE_CACHE, LOCALAPPDATA, XDG_CACHE_HOME } = process.env;
  if (ROLLSCOPE_CACHE) return ROLLSCOPE_CACHE;
  if (process.platform === 'win32' && LOCALAPPDATA) return path.join(LOCALAPPDATA, 'rollscope', 'cache');
  return path.join(XDG_CACHE_HOME || path.join(homedir(), '.cache'), 'rollscope');
}
