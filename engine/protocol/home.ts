/** Where Rollscope keeps what belongs to the user rather than to a run. */
import { homedir } from 'node:os';
import path from 'node:path';

/** The user's Rollscope folder: $ROLLSCOPE_HOME, or `.rollscope` in the home folder. */
export function rollscopeHome(): string {
  return process.env.ROLLSCOPE_HOME || path.join(homedir(), '.rollscope');
}
