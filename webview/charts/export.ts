/** A chart as a file: SVG with its colors, PNG at twice its size, or its numbers as CSV. */

import { visible } from '../../engine/protocol/visible.ts';

/** Numbers and texts in rows; null and NaN are empty cells. */
export interface ChartNumbers {
  head: readonly string[];
  rows: readonly (readonly (string | number | null)[])[];
}

/** The values of a chart at each step; null and NaN are empty cells. */
export interface ChartTable {
  steps: readonly number[];
  columns: readonly { name: string; values: readonly (number | null)[] }[];
}

const field = (text: string) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** Beginnings that a spreadsheet takes for a formula; numbers are written as they are. */
const FORMULA = /^[=+\-@\t＝＋－＠]/;
const NUMBER = /^[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/**
 * A text of a dataset or a model as a cell: hidden characters are escaped, and an apostrophe precedes what would be a
 * formula. Pure.
 */
export function csvCell(text: string): string {
  const shown = visible(text);
  return FORMULA.test(shown) && !NUMBER.test(shown) ? `'${shown}` : shown;
}

/**
 * Text for an XML file: hidden characters are escaped, and so are the two code points that XML does not allow. Pure.
 */
export function xmlCharacters(text: string): string {
  return visible(text).replaceAll('\ufffe', '[U+FFFE]').replaceAll('\uffff', '[U+FFFF]');
}

/** One line per row; a missing value is empty. Pure. */
export function csvText({ head, rows }: ChartNumbers): string {
  const text = (value: string | number | null) =>
    typeof value === 'string' ? csvCell(value) : Number.isFinite(value) ? String(value) : '';
  return [head, ...rows].map((row) => `${row.map((value) => field(text(value))).join(',')}\n`).join('');
}

/** A row for each step. Pure. */
export function tableOf({ steps, columns }: ChartTable): ChartNumbers {
  const rows = steps.map((step, i) => [step, ...columns.map(({ values }) => values[i] ?? null)]);
  return { head: ['step', ...columns.map(({ name }) => name)], rows };
}

/** One row per step that any of the curves has, since curves of two runs can have different steps. Pure. */
export function merged(
  curves: readonly { name: string; steps: readonly number[]; values: readonly number[] }[],
): ChartNumbers {
  const steps = [...new Set(curves.flatMap(({ steps }) => steps))].sort((a, b) => a - b);
  const columns = curves.map(({ name, steps: own, values }) => {
    const at = new Map(own.map((step, i) => [step, values[i]!]));
    return { name, values: steps.map((step) => at.get(step) ?? null) };
  });
  return tableOf({ steps, columns });
}

/** Properties that a drawing gets from style sheets, which a file does not have. */
const STYLES = [
  ...['fill', 'fill-opacity', 'stroke', 'stroke-width', 'stroke-dasharray', 'stroke-opacity', 'opacity'],
  ...['font-family', 'font-size'],
];

/** The drawing with its colors written out, on the theme's background, with a title above it. */
export function svgOf(chart: SVGSVGElement, title: string): string {
  const copy = chart.cloneNode(true) as SVGSVGElement;
  const originals = chart.querySelectorAll('*');
  copy.querySelectorAll('*').forEach((element, i) => {
    const style = getComputedStyle(originals[i]!);
    for (const name of STYLES) element.setAttribute(name, style.getPropertyValue(name));
    element.removeAttribute('class');
  });
  for (const mark of copy.querySelectorAll('[data-transient]')) mark.remove();
  const [width, height] = [chart.width.baseVal.value, chart.height.baseVal.value];
  const style = getComputedStyle(document.body);
  copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  copy.setAttribute('viewBox', `0 ${-TITLE} ${width} ${height + TITLE}`);
  copy.setAttribute('height', String(height + TITLE));
  const ground = document.createElementNS(copy.namespaceURI!, 'rect') as SVGRectElement;
  for (const [name, value] of Object.entries({ x: 0, y: -TITLE, width, height: height + TITLE }))
    ground.setAttribute(name, String(value));
  ground.setAttribute('fill', style.backgroundColor);
  const text = document.createElementNS(copy.namespaceURI!, 'text') as SVGTextElement;
  for (const [name, value] of Object.entries({ x: 4, y: -6, fill: style.color, 'font-family': style.fontFamily }))
    text.setAttribute(name, String(value));
  text.setAttribute('font-size', '12');
  text.textContent = title;
  copy.prepend(ground, text);
  return xmlCharacters(new XMLSerializer().serializeToString(copy));
}

const TITLE = 22;
const SCALE = 2;

/** The drawing of `svgOf` as pixels. */
export async function pngOf(svg: string): Promise<Uint8Array> {
  const image = new Image();
  image.src = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }));
  try {
    await image.decode();
    const canvas = document.createElement('canvas');
    canvas.width = image.naturalWidth * SCALE;
    canvas.height = image.naturalHeight * SCALE;
    canvas.getContext('2d')!.drawImage(image, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/png'));
    if (!blob) throw new Error('The chart could not be drawn.');
    return new Uint8Array(await blob.arrayBuffer());
  } finally {
    URL.revokeObjectURL(image.src);
  }
}
