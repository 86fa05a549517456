/** The part of this program that implements `rollscope score`, as files that run on any Node. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { assetPath } from '../assets.ts';
import { RollscopeError } from '../protocol/index.ts';
import { VERSION } from '../protocol/version.ts';
import { writeAtomically } from '../system/aside.ts';

const COMMAND = /(?:^|\/)score-[^/]*\.js$/;

/** Writes `package.json`, `cli.js` and the chunks needed for `score` into `folder`. */
export async function writeScoreProgram(folder: string): Promise<void> {
  const dist = assetPath('dist');
  if (!existsSync(path.join(dist, 'cli.js'))) {
    throw new RollscopeError('internal', 'Files of Rollscope are missing.', 'Install Rollscope again.', {
      details: { reason: 'incomplete-installation' },
    });
  }
  for (const [name, text] of await scoreModules(dist)) await writeAtomically(path.join(folder, name), text);
  const manifest = { name: 'rollscope', version: VERSION, type: 'module' };
  await writeAtomically(path.join(folder, 'package.json'), `${JSON.stringify(manifest)}\n`);
}

/** Module texts by name within `dist`: the static imports of `cli.js`, the command, and everything it may import. */
async function scoreModules(dist: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  await addModules(dist, ['cli.js'], found, false);
  const commands = [...found].flatMap(([name, text]) => imported(name, text, true));
  await addModules(
    dist,
    commands.filter((name) => COMMAND.test(name)),
    found,
    true,
  );
  return found;
}

/** Adds modules and their static imports; `dynamic`: also their dynamic imports. */
async function addModules(
  dist: string,
  names: readonly string[],
  found: Map<string, string>,
  dynamic: boolean,
): Promise<void> {
  const waiting = [...names];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (found.has(name)) continue;
    const text = (await readFile(path.join(dist, name), 'utf8')).replace(/\n\/\/# sourceMappingURL=.*/, '');
    found.set(name, text);
    waiting.push(...imported(name, text, false), ...(dynamic ? imported(name, text, true) : []));
  }
}

/** A module's static or dynamic imports. */
function imported(name: string, text: string, dynamic: boolean): string[] {
  const pattern = dynamic ? /\bimport\("(\.{1,2}\/[\w./-]+\.js)"\)/g : /\b(?:from|import) ?"(\.{1,2}\/[\w./-]+\.js)"/g;
  return [...text.matchAll(pattern)].map(([, target]) => path.posix.join(path.posix.dirname(name), target!));
}
