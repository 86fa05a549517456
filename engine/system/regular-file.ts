/**
 * Opens files of folders that may come from anyone: reading a named pipe could block forever, and a device such as
 * /dev/zero, to which a link may lead, never ends.
 */
import { closeSync, constants, fstatSync, openSync, readFileSync, type Stats } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { type ErrorCode, RollscopeError } from '../protocol/errors.ts';

/** Opening a pipe does not block with these flags; Windows lacks the second one. */
const FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** The largest file that is read as a whole, in bytes. */
const MAX_WHOLE_BYTES = 256 * 2 ** 20;

/** Opens a file to read it. @throws RollscopeError `run-broken` for what is no regular file; what the system says */
export async function openRegular(path: string): Promise<FileHandle> {
  const handle = await open(path, FLAGS);
  try {
    checkRegular(path, await handle.stat());
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** The same at once. The caller closes it. */
export function openRegularNow(path: string): number {
  const file = openSync(path, FLAGS);
  try {
    checkRegular(path, fstatSync(file));
    return file;
  } catch (error) {
    closeSync(file);
    throw error;
  }
}

/** The text of a file. @param most bytes; of a larger one RollscopeError `run-broken` tells */
export async function readRegular(path: string, most = MAX_WHOLE_BYTES): Promise<string> {
  return (await readRegularBytes(path, most)).toString();
}

/** Its bytes. */
export async function readRegularBytes(path: string, most = MAX_WHOLE_BYTES): Promise<Buffer> {
  const handle = await openRegular(path);
  try {
    checkSize(path, (await handle.stat()).size, most);
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

/** The same at once. */
export function readRegularNow(path: string, most = MAX_WHOLE_BYTES): string {
  const file = openRegularNow(path);
  try {
    checkSize(path, fstatSync(file).size, most);
    return readFileSync(file, 'utf8');
  } finally {
    closeSync(file);
  }
}

/**
 * For what libraries open by their paths: refuses a pipe or a device among these files. What is not there is left to them.
 * @param code of the RollscopeError
 */
export async function refuseSpecialFiles(paths: readonly string[], code: ErrorCode): Promise<void> {
  for (const path of paths) {
    const found = await stat(path).catch(() => null);
    if (found && !found.isDirectory()) checkRegular(path, found, code);
  }
}

function checkRegular(path: string, found: Stats, code: ErrorCode = 'run-broken'): void {
  if (found.isFile()) return;
  const what = found.isDirectory() ? 'a folder' : found.isFIFO() ? 'a named pipe' : 'a device';
  throw new RollscopeError(code, `${path} is ${what}, not a file.`, 'Remove it, or put the file in its place.', {
    details: { reason: 'not-a-file', file: path, found: what },
  });
}

function checkSize(path: string, size: number, most: number): void {
  if (size <= most) return;
  throw new RollscopeError(
    'run-broken',
    `${path} is larger than ${most / 2 ** 20} MiB.`,
    'Replace it by a regular file.',
    {
      details: { reason: 'too-large', file: path, bytes: size, most },
    },
  );
}
