/** A configuration that is written again keeps what it says, and how its numbers are spelled. */
import { expect, test } from 'vitest';
import { configText, withFields } from '../../engine/model/config-text.ts';

const TEXT = `{
  "architectures": ["A"], "cap": 30.0,
  "nested": { "dtype": "bfloat16", "list": [1.0, {"a": "},\\""}] },
  "dtype": "bfloat16",
  "a \\"quoted\\" key": null
}`;

test('numbers keep their spelling, and only fields of the object itself change', () => {
  const text = withFields(TEXT, { dtype: undefined, torch_dtype: 'float32', architectures: ['B'] });
  const { dtype: _, ...rest } = JSON.parse(TEXT);
  expect(JSON.parse(text)).toEqual({ ...rest, architectures: ['B'], torch_dtype: 'float32' });
  expect(text).toContain('"cap": 30.0');
  expect(text).toContain('[1.0, ');
});

test('an empty object gets the fields', () => {
  expect(JSON.parse(withFields('{}', { a: 1 }))).toEqual({ a: 1 });
});

test('numbers that transformers accepts only as floats are written as floats', () => {
  const text = configText({ attn_logit_softcapping: 50, final_logit_softcapping: 1.5, sliding_window: 4 });
  expect(text).toContain('"attn_logit_softcapping": 50.0,');
  expect(text).toContain('"final_logit_softcapping": 1.5,');
  expect(text).toContain('"sliding_window": 4\n');
});
