/** Finds programs as a shell does. */
import fs from 'node:fs/promises';
import path from 'node:path';

/** Whether a path is a file, following links; false for folders and inaccessible paths. */
export async function isFile(file: string): Promise<boolean> {
  return fs.stat(file).then(
    (stat) => stat.isFile(),
    () => false,
  );
}

async function isProgram(file: string): Promise<boolean> {
  const allowed = await fs.access(file, fs.constants.X_OK).then(
    () => true,
    () => false,
  );
  return allowed && isFile(file);
}

/** Absolute path of a program: a name is looked up on the PATH, a path is relative to `folder`. null if not found. */
export async function findProgram(name: string, folder = process.cwd()): Promise<string | null> {
  const endings = process.platform === 'win32' ? (process.env.PATHEXT ?? '.EXE;.CMD;.BAT').split(';') : [''];
  const named = /[/\\]/.test(name);
  const folders = named ? [folder] : (process.env.PATH ?? '').split(path.delimiter).filter(Boolean);
  for (const place of folders) {
    for (const ending of path.extname(name) ? ['', ...endings] : endings) {
      const file = path.resolve(place, name + ending);
      if (await isProgram(file)) return file;
    }
  }
  return null;
}
