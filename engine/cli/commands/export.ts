/** `rollscope export`: a run in the format of another tool. */
import path from 'node:path';
import { EXIT, Output } from '../output.ts';
import { placesOf } from '../places.ts';
import { findRun } from '../runs.ts';

interface ExportOptions {
  format: 'peft' | 'safetensors' | 'jsonl' | 'parquet' | 'tensorboard';
  out: string;
  perToken?: boolean;
  runs?: string;
  json?: boolean;
}

export async function exportRun(reference: string, options: ExportOptions): Promise<number> {
  const output = new Output(options.json === true);
  const { runsFolder } = await placesOf(options.runs);
  const folder = await findRun(reference, runsFolder);
  const out = path.resolve(options.out);
  const what = await write(folder, options, out);
  output.print(`Wrote ${what.text} to ${what.path ?? out}.`);
  output.result({ run: path.basename(folder), format: options.format, path: what.path ?? out, ...what.counts });
  return EXIT.ok;
}

async function write(
  folder: string,
  { format, perToken = false }: ExportOptions,
  out: string,
): Promise<{ text: string; path?: string; counts: Record<string, number> }> {
  switch (format) {
    case 'jsonl': {
      const { exportRolloutsJsonl } = await import('../../runs/export/jsonl.ts');
      const rollouts = await exportRolloutsJsonl(folder, out, { perToken });
      return { text: `${rollouts} rollouts`, counts: { rollouts } };
    }
    case 'parquet': {
      const { exportRolloutsParquet } = await import('../../runs/export/parquet.ts');
      const rollouts = await exportRolloutsParquet(folder, out, { perToken });
      return { text: `${rollouts} rollouts`, counts: { rollouts } };
    }
    case 'tensorboard': {
      const { exportTensorboard } = await import('../../runs/export/tensorboard.ts');
      const { path: file, scalars } = await exportTensorboard(folder, out);
      return { text: `${scalars} scalars`, path: file, counts: { scalars } };
    }
    default: {
      const { exportWeights } = await import('../../training/export.ts');
      const { step } = await exportWeights(folder, format, out);
      const kind = format === 'peft' ? 'the adapter' : 'the weights';
      return { text: `${kind} of step ${step}`, counts: { step } };
    }
  }
}
