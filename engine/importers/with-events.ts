/** TensorBoard events next to a dump are curves of its run, whatever trainer wrote them. */
import type { Dump, Importer } from './importer.ts';
import type { ForeignMetrics } from './metrics.ts';
import { EventFiles } from './tensorboard/event-files.ts';

/** Adds the scalars of event files in the folder to an importer's dumps. */
export function withEvents(importer: Importer): Importer {
  return {
    ...importer,
    open: async (root, options): Promise<Dump> => {
      const dump = await importer.open(root, options);
      const events = new EventFiles(root);
      return {
        ...dump,
        metrics: async (context) => mergeMetrics((await dump.metrics?.(context)) ?? [], await events.read(context)),
      };
    },
  };
}

/**
 * Values that the trainer's own log also contains are taken from there; transformers prefixes its names with `train/`.
 */
function mergeMetrics(own: ForeignMetrics[], events: ForeignMetrics[]): ForeignMetrics[] {
  if (events.length === 0) return own;
  const names = new Set(own.flatMap(({ values }) => Object.keys(values)));
  const isKnown = (tag: string) => names.has(tag) || names.has(tag.replace(/^train\//, ''));
  const bySteps = new Map(own.map((item) => [item.step, item]));
  for (const { step, values } of events) {
    const fresh = Object.entries(values).filter(([tag]) => !isKnown(tag));
    if (fresh.length > 0)
      bySteps.set(step, { step, values: { ...Object.fromEntries(fresh), ...bySteps.get(step)?.values } });
  }
  return [...bySteps.values()].sort((a, b) => a.step - b.step);
}
