/** Where a program is, as a shell would find it. */
import fs from 'node:fs/promises';
import path from 'node:path';

/** Whether there is a file, with links followed; false for folders and for what cannot be looked at. */
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

/** Absolute path of a program: of a name, on the PATH; of a path, from `folder`. null where there is none. */
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
