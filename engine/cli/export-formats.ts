/**
 * The formats of `rollscope export`: from this record come the choices, their help, and what is written. The writers are
 * loaded when they are needed.
 */

interface Written {
  /** What was written, for people. */
  text: string;
  /** Where it is, if not where it was asked for. */
  path?: string;
  counts: Record<string, number>;
}

interface ExportFormat {
  /** What of a run it holds. */
  content: string;
  /** It can hold the tokens of rollouts too. */
  perToken: boolean;
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
  tensorboard: {
    content: 'the metrics',
    perToken: false,
    write: async (run, out) => {
      const { exportTensorboard } = await import('../runs/export/tensorboard.ts');
      const { path, scalars } = await exportTensorboard(run, out);
      return { text: `${scalars} scalars`, path, counts: { scalars } };
    },
  },
} as const satisfies Record<string, ExportFormat>;

export type ExportFormatName = keyof typeof EXPORT_FORMATS;

const FORMATS = Object.entries<ExportFormat>(EXPORT_FORMATS);

/** `peft: the LoRA adapter; ...; jsonl, parquet: the rollouts`. */
export const EXPORT_CONTENTS = [...new Set(FORMATS.map(([, { content }]) => content))]
  .map((content) => `${namesWhere((format) => format.content === content)}: ${content}`)
  .join('; ');

/** The formats that can hold tokens: `jsonl, parquet`. */
export const WITH_TOKENS = namesWhere(({ perToken }) => perToken);

function namesWhere(holds: (format: ExportFormat) => boolean): string {
  return FORMATS.flatMap(([name, format]) => (holds(format) ? name : [])).join(', ');
}

function rollouts(count: number): Written {
  return { text: `${count} rollouts`, counts: { rollouts: count } };
}

async function weights(run: string, out: string, format: 'peft' | 'safetensors', what: string): Promise<Written> {
  const { exportWeights } = await import('../training/export.ts');
  const { step } = await exportWeights(run, format, out);
  return { text: `${what} of step ${step}`, counts: { step } };
}
