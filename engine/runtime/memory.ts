/** The available memory. */
import os from 'node:os';

/** The machine's memory in bytes, or the limit of this process (in a container). */
export function machineMemory(): number {
  const allowed = process.constrainedMemory();
  return allowed > 0 ? Math.min(allowed, os.totalmem()) : os.totalmem();
}
