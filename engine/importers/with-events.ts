/** TensorBoard events next to a dump are curves of its run, whatever trainer wrote them. */
import type { Dump, Importer } from './importer.ts';
import type { ForeignMetrics } from './metrics.ts';
import { EventFiles } from './tensorboard/event-files.ts';

/** The importer, whose dumps have the scalars of event files in their folder. */
export function withEvents(importer: Importer): Importer {
  return {
    ...importer,
    open: async (root, options): Promise<Dump> => {
      const dump = await importer.open(root, options);
      const events = new EventFiles(root);
      return {
        ...dump,
        metrics: async (context) => merged((await dump.metrics?.(context)) ?? [], await events.read(context)),
      };
    },
  };
}

/** What the trainer's own log has as well is taken from there; transformers writes `train/` before its names. */
function merged(own: ForeignMetrics[], events: ForeignMetrics[]): ForeignMetrics[] {
  if (events.length === 0) return own;
  const names = new Set(own.flatMap(({ values }) => Object.keys(values)));
  const isKnown = (tag: string) => names.has(tag) || names.has(tag.replace(/^train\//, ''));
  const bySteps = new Map(own.map((one) => [one.step, one]));
  for (const { step, values } of events) {
    const fresh = Object.entries(values).filter(([tag]) => !isKnown(tag));
    if (fresh.length > 0)
      bySteps.set(step, { step, values: { ...Object.fromEntries(fresh), ...bySteps.get(step)?.values } });
  }
  return [...bySteps.values()].sort((a, b) => a.step - b.step);
}
