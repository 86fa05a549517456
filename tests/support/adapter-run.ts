/** Runs whose last checkpoint contains an adapter, and golden models as loadable folders. */
import { copyFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { createJournal } from '../../engine/journal/create.ts';
import { type PeftAdapter, writePeftAdapter } from '../../engine/model/peft.ts';
import { RUN_FORMAT, RunConfig } from '../../engine/protocol/index.ts';
import { ROOT, temporaryFolder } from './processes.ts';

const GOLDEN = path.join(import.meta.dirname, '..', 'parity', 'golden');

/** A run whose last checkpoint contains the adapter, as the policy saves it. */
export async function runWith(adapter: Omit<PeftAdapter, 'config'>, model: string): Promise<string> {
  const folder = path.join(temporaryFolder(), 'run');
  const { rank, alpha, targets } = adapter;
  const config = RunConfig.parse({ model, dataset: { path: 'embedded' }, lora: { rank, alpha, targets } });
  const journal = await createJournal(folder, {
    runFile: {
      format: RUN_FORMAT,
      created: new Date(0).toISOString(),
      origin: { engine: 'rollscope', version: null, files: [] },
      config,
      foreign: null,
      versions: {},
      modelFingerprint: '',
      dataFingerprint: '',
    },
    problems: [],
    prompts: [],
  });
  await journal.writeCheckpoint(1, (aside) => writePeftAdapter(aside, adapter));
  await journal.close();
  return folder;
}

/** A golden model with the tokenizer that a model folder requires. */
export function modelFolder(name: string): string {
  const folder = path.join(temporaryFolder(), name);
  mkdirSync(folder);
  for (const file of ['config.json', 'model.safetensors']) {
    copyFileSync(path.join(GOLDEN, name, file), path.join(folder, file));
  }
  const embedded = path.join(ROOT, 'engine', 'embedded', 'model');
  for (const file of ['tokenizer.json', 'tokenizer_config.json']) {
    copyFileSync(path.join(embedded, file), path.join(folder, file));
  }
  return folder;
}
