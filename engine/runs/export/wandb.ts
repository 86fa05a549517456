/** Metrics as JSON lines for Weights & Biases: what `run.log(values, step=step)` takes, one line per step. */
import { writeJsonLines } from './jsonl.ts';
import { metricsByStep } from './scalars.ts';

/** Writes one line per step, `{"step": 3, "train/reward": 0.5, ...}`; returns their number. */
export async function exportWandb(folder: string, path: string): Promise<number> {
  const lines = async function* () {
    for (const { step, values } of await metricsByStep(folder)) yield { step, ...values };
  };
  return writeJsonLines(path, lines());
}
