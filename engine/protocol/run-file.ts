/** `run.json`: what a run folder is. Written once when the run is created. */
import * as z from 'zod';
import { RUN_FORMAT, StoredRunConfig } from './config.ts';

/** Where a run's records come from. */
export const RunOrigin = z.strictObject({
  /** `rollscope`, or the trainer that wrote what was imported. */
  engine: z.string(),
  /** That program's version; null where it is not known. */
  version: z.string().nullable(),
  /** Files that were imported; [] for a run of this engine. */
  files: z.array(z.string()),
});
export type RunOrigin = z.infer<typeof RunOrigin>;

export const RunFile = z.strictObject({
  format: z.int().min(1).max(RUN_FORMAT),
  created: z.string(),
  origin: RunOrigin,
  config: StoredRunConfig,
  versions: z.record(z.string(), z.string()),
  modelFingerprint: z.string(),
  dataFingerprint: z.string(),
});
export type RunFile = z.infer<typeof RunFile>;
