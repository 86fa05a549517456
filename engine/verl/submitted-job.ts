/** The submitted job of a run, stored in its folder, so that a restarted Rollscope finds it again. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';
import { writeAtomically } from '../system/aside.ts';

/** The subfolder for verl in a run folder. */
export const VERL_FOLDER = 'verl';
const FILE = 'job.json';

const SubmittedJob = z.object({
  /** Ray's submission id. */
  id: z.string(),
  /** Address of the dashboard to which it was submitted. */
  cluster: z.string(),
  /** verl's output folder, as a path on the cluster. */
  outputs: z.string(),
  /** The same folder, as a path on this machine. */
  mount: z.string(),
});
export type SubmittedJob = z.infer<typeof SubmittedJob>;

/** A path in the subfolder with the job's files. @param run the run's folder */
export function verlFolder(run: string, ...names: string[]): string {
  return path.join(run, VERL_FOLDER, ...names);
}

/** null if it is missing or cannot be read. */
export async function readJob(run: string): Promise<SubmittedJob | null> {
  try {
    return SubmittedJob.parse(JSON.parse(await readFile(verlFolder(run, FILE), 'utf8')));
  } catch {
    return null;
  }
}

/** @throws RollscopeError `disk` */
export async function writeJob(run: string, job: SubmittedJob): Promise<void> {
  await writeAtomically(verlFolder(run, FILE), `${JSON.stringify(job, null, 2)}\n`, { durable: true });
}
