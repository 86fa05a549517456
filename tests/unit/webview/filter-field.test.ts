/** The field of the filter, which verdict, charts and histograms change too. */
import { expect, test, vi } from 'vitest';
import { FilterField } from '../../../webview/filter-field.ts';
import { markup } from './markup.ts';

test('shows a filter that was set elsewhere', () => {
  const field = new FilterField();
  const update = vi.spyOn(field, 'requestUpdate');
  field.value = 'share>=0.9';
  expect(update).toHaveBeenCalledOnce();
  const inputs = field.render() as { strings: readonly string[]; values: unknown[] };
  expect(inputs.values).toContain('share>=0.9');
  expect(markup(inputs)).toContain('data-filter');
  field.value = 'share>=0.9';
  expect(update).toHaveBeenCalledOnce();
});
