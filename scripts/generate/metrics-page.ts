/** The table of a step's metrics in docs/metrics.md, between two marks; the rest of the page is written by hand. */
import { STEP_METRIC_NAMES, STEP_METRICS } from '../../engine/protocol/metrics.ts';
import { table } from './markdown.ts';

const BEGIN = '<!-- generated from engine/protocol/metrics.ts: npm run generate -->';
const END = '<!-- end of what is generated -->';

/** @throws Error where the page has lost its marks */
export function metricsPage(current: string): string {
  const [before, rest] = current.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined) throw new Error('docs/metrics.md has no marks for its table.');
  const rows = STEP_METRIC_NAMES.map((name) => {
    const { definition, unit, labels } = STEP_METRICS[name];
    return [`\`${name}\``, labels ? 'yes' : 'no', unit === 'none' ? '' : unit, definition];
  });
  return `${before}${BEGIN}\n\n${table(['name', 'labels', 'unit', 'definition'], rows)}\n\n${END}${after}`;
}
