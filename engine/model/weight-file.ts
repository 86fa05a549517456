/** Opens weight files of any format, and creates errors about broken ones. */
import { type FileHandle, open } from 'node:fs/promises';
import { RollscopeError } from '../protocol/errors.ts';

/** Throws RollscopeError `model` if the file is missing. */
export async function openWeightFile(file: string): Promise<FileHandle> {
  try {
    return await open(file, 'r');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause;
    throw new RollscopeError('model', `${file} not found.`, 'Check the path of the model.', {
      cause,
      details: { reason: 'not-found', file },
    });
  }
}

/** The error for a file whose contents do not match its format. @param what a sentence without the file */
export function brokenWeightFile(file: string, reason: string, what: string, facts: object = {}): RollscopeError {
  return new RollscopeError('model', `${file}: ${what}`, 'The file is damaged or incomplete; download it again.', {
    details: { reason, file, ...facts },
  });
}
