/**
 * The formats of `rollscope export`: the choices, their help and their writers, which are loaded on demand.
 */

import { plural } from '../protocol/format.ts';
import type { WeightFormat } from '../training/export.ts';

interface Written {
  /** The result as a sentence. */
  text: string;
  /** Its path, if not the one requested. */
  path?: string;
  counts: Record<string, number>;
  /** A remark for the user. */
  note?: string;
}

export interface ExportFormat {
  /** The data of a run that it contains. */
  content: string;
  /** Whether it can contain the tokens of rollouts. */
  perToken: boolean;
  /** Whether `out` is an address, not a path. */
  address?: true;
  /** @param run the run's folder */
  write(run: string, out: string, options: { perToken: boolean }): Promise<Written>;
}

export const EXPORT_FORMATS = {
  peft: {
    content: 'the LoRA adapter',
    perToken: false,
    write: (run, out) => weights(run, out, 'peft', 'the adapter'),
  },
  safetensors: {
    content: 'all weights',
    perToken: false,
    write: (run, out) => weights(run, out, 'safetensors', 'the weights'),
  },
  gguf: {
    content: 'all weights for llama.cpp, in F16',
    perToken: false,
    write: (run, out) => weights(run, out, 'gguf', 'the weights'),
  },
  'gguf-q8_0': {
    content: 'the same in Q8_0',
    perToken: false,
    write: (run, out) => weights(run, out, 'gguf-q8_0', 'the weights'),
  },
  'gguf-q4_0': {
    content: 'the same in Q4_0',
    perToken: false,
    write: (run, out) => weights(run, out, 'gguf-q4_0', 'the weights'),
  },
  jsonl: {
    content: 'the rollouts',
    perToken: true,
    write: async (run, out, options) => {
      const { exportRolloutsJsonl } = await import('../runs/export/jsonl.ts');
      return rollouts(await exportRolloutsJsonl(run, out, options));
    },
  },
  parquet: {
    content: 'the rollouts',
    perToken: true,
    write: async (run, out, options) => {
      const { exportRolloutsParquet } = await import('../runs/export/parquet.ts');
      return rollouts(await exportRolloutsParquet(run, out, options));
    },
  },
  verl: {
    content: "the rollouts as verl's dumps",
    perToken: false,
    write: async (run, out) => {
      const { exportVerl } = await import('../runs/export/verl.ts');
      return rollouts(await exportVerl(run, out));
    },
  },
  'rl-logging-board': {
    content: 'the rollouts with their tokens for RLLoggingBoard',
    perToken: false,
    write: async (run, out) => {
      const { exportRlLoggingBoard } = await import('../runs/export/rl-logging-board.ts');
      return rollouts(await exportRlLoggingBoard(run, out));
    },
  },
  inspect: {
    content: 'the rollouts as logs of Inspect',
    perToken: false,
    write: async (run, out) => {
      const { exportInspect } = await import('../runs/export/inspect.ts');
      return rollouts(await exportInspect(run, out));
    },
  },
  tensorboard: {
    content: 'the metrics',
    perToken: false,
    write: async (run, out) => {
      const { exportTensorboard } = await import('../runs/export/tensorboard.ts');
      const { path, scalars } = await exportTensorboard(run, out);
      return { text: plural(scalars, 'scalar'), path, counts: { scalars } };
    },
  },
  wandb: {
    content: 'the metrics as lines that run.log() of Weights & Biases takes',
    perToken: false,
    write: async (run, out) => {
      const { exportWandb } = await import('../runs/export/wandb.ts');
      return steps(await exportWandb(run, out));
    },
  },
  trackio: {
    content: 'the metrics, sent to the Trackio dashboard whose address is --out',
    perToken: false,
    address: true,
    write: async (run, address) => {
      const { exportTrackio } = await import('../runs/export/trackio.ts');
      return { ...steps(await exportTrackio(run, address)), path: new URL(address).origin };
    },
  },
} as const satisfies Record<string, ExportFormat>;

export type ExportFormatName = keyof typeof EXPORT_FORMATS;

const FORMATS = Object.entries<ExportFormat>(EXPORT_FORMATS);

/** `peft: the LoRA adapter; ...; jsonl, parquet: the rollouts`. */
export const EXPORT_CONTENTS = [...new Set(FORMATS.map(([, { content }]) => content))]
  .map((content) => `${namesWhere((format) => format.content === content)}: ${content}`)
  .join('; ');

/** The formats that can contain tokens: `jsonl, parquet`. */
export const WITH_TOKENS = namesWhere(({ perToken }) => perToken);

function namesWhere(holds: (format: ExportFormat) => boolean): string {
  return FORMATS.flatMap(([name, format]) => (holds(format) ? name : [])).join(', ');
}

function rollouts(count: number): Written {
  return { text: plural(count, 'rollout'), counts: { rollouts: count } };
}

function steps(count: number): Written {
  return { text: `the metrics of ${plural(count, 'step')}`, counts: { steps: count } };
}

async function weights(run: string, out: string, format: WeightFormat, what: string): Promise<Written> {
  const { exportWeights } = await import('../training/export.ts');
  const { step, ...more } = await exportWeights(run, format, out);
  return { text: `${what} of step ${step}`, counts: { step }, ...more };
}
