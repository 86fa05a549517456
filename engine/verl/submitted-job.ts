/** The job of a run, in the run's folder: Rollscope finds it again after it was restarted. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';
import { writeWhole } from '../system/aside.ts';

/** What belongs to verl in a run folder. */
export const VERL_FOLDER = 'verl';
const FILE = 'job.json';

const SubmittedJob = z.object({
  /** Ray's submission id. */
  id: z.string(),
  /** Address of the dashboard that it was submitted to. */
  cluster: z.string(),
  /** Where verl writes, as a path on the cluster. */
  outputs: z.string(),
  /** The same folder as a path here. */
  mount: z.string(),
});
export type SubmittedJob = z.infer<typeof SubmittedJob>;

/** A path below the folder that holds what Rollscope knows of the job. @param run the run's folder */
export function verlFolder(run: string, ...names: string[]): string {
  return path.join(run, VERL_FOLDER, ...names);
}

/** null where there is none, or none that can be read. */
export async function readJob(run: string): Promise<SubmittedJob | null> {
  try {
    return SubmittedJob.parse(JSON.parse(await readFile(verlFolder(run, FILE), 'utf8')));
  } catch {
    return null;
  }
}

/** @throws RollscopeError `disk` */
export async function writeJob(run: string, job: SubmittedJob): Promise<void> {
  await writeWhole(verlFolder(run, FILE), `${JSON.stringify(job, null, 2)}\n`, { durable: true });
}
