/** Fingerprints of models and adapters: hashes of every byte that affects results. */
import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { fileHash, type HashOptions } from './file-hash.ts';

/** Files of a model folder, other than weights, that affect tokenization or the computation. */
const DESCRIPTIONS = [
  'config.json',
  'generation_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'chat_template.jinja',
];

/** The fingerprint of one file. Neither name nor location counts: a copy has the same one. */
export async function fileFingerprint(file: string, options?: HashOptions): Promise<string> {
  return `sha256-${await fileHash(file, options)}`;
}

/** The fingerprint of several files, ignoring missing ones: names and contents count, the folder's location does not. */
export async function filesFingerprint(files: readonly string[], options?: HashOptions): Promise<string> {
  const hash = createHash('sha256');
  for (const file of files) {
    if (!(await stat(file).catch(() => null))) continue;
    hash.update(`${path.basename(file)} ${await fileHash(file, options)}\n`);
  }
  return `sha256-${hash.digest('hex')}`;
}

/** The fingerprint of a model folder with these weight files. */
export async function folderFingerprint(
  folder: string,
  weights: readonly string[],
  options: HashOptions,
): Promise<string> {
  const templates = path.join(folder, 'additional_chat_templates');
  const named = (await readdir(templates).catch(() => [])).sort().map((name) => path.join(templates, name));
  return filesFingerprint([...DESCRIPTIONS.map((name) => path.join(folder, name)), ...named, ...weights], options);
}
