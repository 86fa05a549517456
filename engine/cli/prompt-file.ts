/** Stores a problem given on the command line as a file, since a run reads its problems again when it resumes. */
import { createHash } from 'node:crypto';
import path from 'node:path';
import { writeAtomically } from '../system/aside.ts';
import { ensureFolder } from '../system/files.ts';

/** Writes the prompt to the user's Rollscope folder, once per text; returns the file. */
export async function promptFile(home: string, prompt: string): Promise<string> {
  const id = createHash('sha256').update(prompt).digest('hex').slice(0, 12);
  const folder = path.join(home, 'prompts');
  await ensureFolder(folder);
  const file = path.join(folder, `${id}.jsonl`);
  await writeAtomically(file, `${JSON.stringify({ id: 'prompt', prompt })}\n`);
  return file;
}
