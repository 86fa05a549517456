/** The fingerprint of a dataset: a run refuses to resume if the data would yield other problems. */
import { createHash } from 'node:crypto';
import type { DatasetConfig } from '../protocol/config.ts';
import type { Problem } from '../protocol/problem.ts';
import type { DatasetColumns } from './fields.ts';
import type { PromptParts } from './prompt-parts.ts';

interface PrintedData {
  columns: DatasetColumns;
  problems: readonly Problem[];
  /** Parallel to the problems. */
  prompts: readonly PromptParts[];
  /** The system message, if all prompts have the same one. */
  system: string | undefined;
}

/** SHA-256 (hexadecimal) over the problems, prompts and labels taken from the file, and over the mapping. */
export function dataFingerprint(config: DatasetConfig, data: PrintedData): string {
  const { columns, problems, prompts, system } = data;
  const hash = createHash('sha256');
  // computed as in earlier versions, followed by the fields that these did not have
  hash.update(JSON.stringify({ columns, template: config.template, system: system ?? null }));
  problems.forEach(({ id, text, answer, row, columns: read, accepted, messages, rule }, i) => {
    hash.update(JSON.stringify([row, id, text, answer, prompts[i]!.user]));
    if (read) hash.update(JSON.stringify(read));
    if (rule !== undefined) hash.update(JSON.stringify({ rule }));
    const alone = system === undefined ? prompts[i]!.system : undefined;
    if (accepted || messages || alone !== undefined) hash.update(JSON.stringify({ accepted, messages, system: alone }));
  });
  return hash.digest('hex');
}
