/** Fingerprints of models and adapters: hashes of every byte that decides what is computed. */
import { createHash } from 'node:crypto';
import { open, readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { fileHash, type HashOptions } from './file-hash.ts';

/** Files of a model folder, apart from its weights, that determine how text becomes tokens and tokens become logits. */
const DESCRIPTIONS = [
  'config.json',
  'generation_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'chat_template.jinja',
];

/** The fingerprint of one file. Neither name nor place counts: a copy has the same. */
export async function fileFingerprint(file: string, options?: HashOptions): Promise<string> {
  return `sha256-${await fileHash(file, options)}`;
}

/** The fingerprint of several files, missing ones left out: names and contents count, the folder's place does not. */
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
  options?: HashOptions,
): Promise<string> {
  const templates = path.join(folder, 'additional_chat_templates');
  const named = (await readdir(templates).catch(() => [])).sort().map((name) => path.join(templates, name));
  return filesFingerprint([...DESCRIPTIONS.map((name) => path.join(folder, name)), ...named, ...weights], options);
}

/** Whether a fingerprint is one of samples: runs have these that were written before whole files were hashed. */
export function isSampled(fingerprint: string): boolean {
  return /^[0-9a-f]{32}$/.test(fingerprint);
}

const SAMPLE_BYTES = 1 << 16;
const SAMPLES = 64;

/** The old rule for a file: its size and 64 samples of 64 KiB spread over it. Blind to changes between them. */
export async function sampledFile(file: string): Promise<string> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    const hash = createHash('sha256').update(String(size));
    const step = Math.max(SAMPLE_BYTES, Math.floor((size - SAMPLE_BYTES) / (SAMPLES - 1)));
    const buffer = Buffer.alloc(SAMPLE_BYTES);
    for (let at = 0; at < size; at += step) {
      const { bytesRead } = await handle.read(buffer, 0, SAMPLE_BYTES, at);
      hash.update(buffer.subarray(0, bytesRead));
    }
    return hash.digest('hex').slice(0, 32);
  } finally {
    await handle.close();
  }
}

/** The old rule for a model folder: its configuration and samples of its weights. */
export async function sampledFolder(folder: string, weights: readonly string[]): Promise<string> {
  const hash = createHash('sha256').update(await readFile(path.join(folder, 'config.json'), 'utf8'));
  for (const file of weights) hash.update(await sampledFile(file));
  return hash.digest('hex').slice(0, 32);
}
