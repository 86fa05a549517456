/** The folder of a job: the files that are alike for every trainer. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { assetPath } from '../assets.ts';
import { RollscopeError, type RunConfig } from '../protocol/index.ts';
import { writeAtomically } from '../system/aside.ts';
import { copy } from '../system/files.ts';
import { writeScoreProgram } from './score-program.ts';

/** @throws RollscopeError `usage` for a folder that is not empty */
export async function requireEmpty(folder: string): Promise<void> {
  if (!existsSync(folder) || (await readdir(folder)).length === 0) return;
  throw new RollscopeError('usage', `${folder} is not empty.`, 'Choose another folder with --out.', {
    details: { reason: 'not-empty', field: '--out', folder },
  });
}

/** The code of a job, in `python` of this program. */
export interface JobCode {
  packages: readonly string[];
  /** Names of files in the job, by their names here. */
  files: Readonly<Record<string, string>>;
}

/** Copies the code that runs in the trainer. */
export async function copyCode(folder: string, { packages, files }: JobCode): Promise<void> {
  const python = assetPath('python');
  const isSource = (name: string) => !name.includes('__pycache__');
  for (const name of packages) await copy(path.join(python, name), path.join(folder, name), isSource);
  for (const [name, written] of Object.entries(files)) await copy(path.join(python, name), path.join(folder, written));
}

/** Writes the program that computes the rewards, and its configuration, into `score`. */
export async function writeScore(folder: string, { reward, rewardOptions, grading }: RunConfig): Promise<void> {
  const own = path.join(folder, 'score');
  await writeScoreProgram(own);
  const config = { reward, rewardOptions, grading };
  await writeAtomically(path.join(own, 'config.json'), `${JSON.stringify(config, null, 2)}\n`);
}
