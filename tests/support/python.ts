/** Whether this machine has the Python that verifies a model's programs. */
import { requireInterpreter } from '../../engine/external/index.ts';
import { requireOrSkip } from './skip.ts';

/** Call it while tests are collected: see `requireOrSkip`. */
export async function requirePython(): Promise<boolean> {
  const missing = await requireInterpreter('python').then(
    () => null,
    (error: Error) => error.message,
  );
  return requireOrSkip('Python', missing === null, missing ?? '');
}
