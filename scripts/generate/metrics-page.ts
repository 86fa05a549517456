/** The tables of metrics in docs/metrics.md, each between two marks; the rest of the page is written by hand. */
import {
  EVALUATION_METRIC_NAMES,
  EVALUATION_METRICS,
  STEP_METRIC_NAMES,
  STEP_METRICS,
} from '../../engine/protocol/metrics.ts';
import { QUANTITIES } from '../../engine/protocol/quantities.ts';
import { table } from './markdown.ts';

const BEGIN = '<!-- generated from engine/protocol/metrics.ts: npm run generate -->';
const END = '<!-- end of what is generated -->';

/** @throws Error where the page has lost its marks */
export function metricsPage(current: string): string {
  const tables = [stepTable(), evaluationTable()];
  const [head, ...rest] = current.split(BEGIN);
  if (rest.length !== tables.length) throw new Error('docs/metrics.md lacks the markers of its tables.');
  const parts = rest.map((part, i) => {
    const [, after] = part.split(END);
    if (after === undefined) throw new Error('docs/metrics.md lacks the marker for the end of a table.');
    return `${BEGIN}\n\n${tables[i]}\n\n${END}${after}`;
  });
  return [head, ...parts].join('');
}

function stepTable(): string {
  const rows = STEP_METRIC_NAMES.map((name) => {
    const { definition, quantity, labels } = STEP_METRICS[name];
    const { unit } = QUANTITIES[quantity];
    return [`\`${name}\``, labels ? 'yes' : 'no', unit === 'none' ? '' : unit, definition];
  });
  return table(['name', 'labels', 'unit', 'definition'], rows);
}

function evaluationTable(): string {
  const rows = EVALUATION_METRIC_NAMES.map((name) => {
    const { definition, interval } = EVALUATION_METRICS[name];
    return [`\`${name}\``, definition ?? 'as above', interval ?? ''];
  });
  return table(['name', 'definition', 'interval'], rows);
}
