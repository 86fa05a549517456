/** `run.json`: what a run folder is. Written once when the run is created. */
import * as z from 'zod';
import { RUN_FORMAT, RunConfig } from './config.ts';

export const RunFile = z.strictObject({
  format: z.int().min(1).max(RUN_FORMAT),
  /** The folder's name, unique among the user's runs. */
  run: z.string(),
  created: z.string(),
  config: RunConfig,
  versions: z.record(z.string(), z.string()),
  modelFingerprint: z.string(),
  dataFingerprint: z.string(),
});
export type RunFile = z.infer<typeof RunFile>;
