/**
 * The page's templates. Texts may hold anything that a dataset or a model contains: lit keeps them out of the markup, and
 * characters that hide or change the direction of text are written out here.
 */
import { html as litHtml, svg as litSvg, type TemplateResult } from 'lit';
import { visible } from '../engine/protocol/visible.ts';

function shown(value: unknown): unknown {
  if (typeof value === 'string') return visible(value);
  // Parts of a text, some of them links.
  return Array.isArray(value) && value.some((part) => typeof part === 'string') ? value.map(shown) : value;
}

/** A template of HTML, in which hidden characters of texts are made visible. */
export const html = (strings: TemplateStringsArray, ...values: unknown[]): TemplateResult<1> =>
  litHtml(strings, ...values.map(shown));

/** A template of the content of an `<svg>`, with values as in `html`. */
export const svg = (strings: TemplateStringsArray, ...values: unknown[]): TemplateResult<2> =>
  litSvg(strings, ...values.map(shown));
