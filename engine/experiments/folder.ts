/** The folder of an experiment: which experiment it belongs to, and the files in it. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod';
import { parseRunConfig } from '../config/layers.ts';
import { experimentName, namesOfExperiment } from '../protocol/experiments.ts';
import { RollscopeError, type RunConfig, StoredRunConfig } from '../protocol/index.ts';
import { writeAtomically } from '../system/aside.ts';
import { ensureFolder } from '../system/files.ts';
import { versions } from '../versions.ts';

const IDENTITY_FILE = 'experiment.json';
/** The former names of that file and of its key `experiment`, in older folders. */
const FORMER_FILE = 'study.json';
const FORMER_KEY = 'study';
export const REPORT_FILE = 'report.html';
export const RESULT_FILE = 'result.json';

/** What decides the results of an experiment. */
export interface ExperimentIdentity {
  experiment: string;
  base: RunConfig;
  against: readonly string[];
  seeds: readonly number[];
}

/** `experiment.json`: the identity, so that a folder is not resumed as another experiment, and the time spent so far. */
const IdentityFile = z.object({
  experiment: z.string().transform(experimentName),
  base: StoredRunConfig,
  against: z.array(z.string()).default([]),
  seeds: z.array(z.int()),
  versions: z.record(z.string(), z.string()),
  /** Compute seconds of earlier calls. */
  seconds: z.number(),
});
type IdentityFile = z.infer<typeof IdentityFile>;

/** The experiment that a folder belongs to; null without a readable identity file. */
export function readIdentity(folder: string): IdentityFile | null {
  const file = identityFile(folder);
  if (!file) return null;
  try {
    const { [FORMER_KEY]: former, ...stored } = JSON.parse(readFileSync(file, 'utf8'));
    return IdentityFile.parse({ experiment: former, ...stored });
  } catch {
    return null;
  }
}

/**
 * Writes the identity of the folder's experiment, so that the same command finds it again.
 * @param seconds spent so far
 */
export function writeIdentity(folder: string, identity: ExperimentIdentity, seconds: number): Promise<void> {
  return writeJson(path.join(folder, IDENTITY_FILE), { ...identity, versions: versions(), seconds });
}

function identityFile(folder: string): string | undefined {
  return [IDENTITY_FILE, FORMER_FILE].map((name) => path.join(folder, name)).find((file) => existsSync(file));
}

/**
 * Creates the folder, or opens it to resume.
 * @returns seconds of compute by earlier calls
 * @throws RollscopeError `config` for a folder of another experiment
 */
export async function openFolder(folder: string, identity: ExperimentIdentity): Promise<number> {
  await ensureFolder(path.join(folder, 'runs'));
  if (!identityFile(folder)) {
    await writeIdentity(folder, identity, 0);
    return 0;
  }
  const begun = readIdentity(folder);
  if (begun && sameExperiment(begun, identity)) return begun.seconds;
  const which = begun ? ` (${begun.experiment}), or the same one with other options` : '';
  throw new RollscopeError(
    'config',
    `${folder} contains another experiment${which}.`,
    'Choose another folder (--out), or pass the options that it was started with.',
    { details: { reason: 'other-experiment', folder } },
  );
}

/**
 * The parts of a configuration that decide the results: without threads and memory, and independent of the former name of
 * the problem in a template.
 */
export function decidingSettings(config: RunConfig): string {
  return JSON.stringify(parseRunConfig({ ...config, threads: 0, memoryLimit: null })).replaceAll(
    '{{prompt}}',
    '{{problem}}',
  );
}

/** Whether two experiments have the same results: threads and memory do not count. */
export function sameExperiment(a: ExperimentIdentity, b: ExperimentIdentity): boolean {
  const key = ({ experiment, base, against, seeds }: ExperimentIdentity) =>
    JSON.stringify([experiment, decidingSettings(base), against, seeds]);
  try {
    return key(a) === key(b);
  } catch (error) {
    // A stored one may have rewards of a newer version, or values that only an earlier one allowed.
    if (error instanceof RollscopeError) return false;
    throw error;
  }
}

/**
 * The folder for an experiment below `root`: the unfinished one of the same experiment, also under a former name; else
 * the first free one of `name`, `name-2`, ...
 */
export function folderFor(root: string, identity: ExperimentIdentity): string {
  const [name, ...former] = namesOfExperiment(identity.experiment) as [string, ...string[]];
  const unfinished = (folder: string) => {
    if (existsSync(path.join(folder, REPORT_FILE))) return false;
    const begun = readIdentity(folder);
    return begun !== null && sameExperiment(begun, identity);
  };
  const usable = (folder: string) => !identityFile(folder) || unfinished(folder);
  const found = former.map((old) => firstNumbered(root, old, usable)).find(unfinished);
  return found ?? firstNumbered(root, name, usable);
}

/** The first of `name`, `name-2`, ... for which `holds` is true. */
function firstNumbered(root: string, name: string, holds: (folder: string) => boolean): string {
  for (let i = 1; ; i++) {
    const folder = path.join(root, i === 1 ? name : `${name}-${i}`);
    if (holds(folder)) return folder;
  }
}

/** Writes to a temporary file and renames it, so that a reader never sees half a file. Throws `disk`. */
export function writeJson(file: string, value: unknown): Promise<void> {
  return writeAtomically(file, `${JSON.stringify(value, null, 2)}\n`);
}
