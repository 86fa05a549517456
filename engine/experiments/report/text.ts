/** Texts and numbers in a report. */

import { figure } from '../../protocol/format.ts';
import { escapedHtml } from '../../protocol/html.ts';
import { visible } from '../../protocol/visible.ts';

/** Text in HTML: in an element or between the double quotes of an attribute. */
export function htmlText(text: string): string {
  return escapedHtml(visible(text));
}

/** `0.612 (0.58 to 0.64)`. */
export function interval({ mean, low, high }: { mean: number; low: number; high: number }): string {
  return `${figure(mean)} (${figure(low)} to ${figure(high)})`;
}
