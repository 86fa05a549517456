/** The answer distribution by step: the share of a problem's rollouts per answer, stacked. */
import { type ScaleLinear, scaleLinear } from 'd3-scale';
import { area, curveStepAfter } from 'd3-shape';
import { css, nothing, type TemplateResult } from 'lit';
import { guard } from 'lit/directives/guard.js';
import type { ClusterCount } from '../../engine/protocol/group.ts';
import { oneLine } from '../../engine/protocol/texts.ts';
import { svg } from '../html.ts';

/** A problem's group at one step. */
export interface MassStep {
  step: number;
  rollouts: number;
  clusters: readonly ClusterCount[];
}

export interface MassLayer {
  answer: string;
  correct: boolean | null;
  /** Share of the rollouts per group. */
  shares: number[];
}

/** Label of a layer: its height and the width of a letter in CSS pixels, and its greatest number of letters. */
const [LABEL, LETTER, LETTERS] = [13, 6.2, 14];

/** Maximum number of layers. */
const LAYERS = 5;

/** Layers from the bottom: correct answers, then the most frequent others; the rest stays blank. */
export function massLayers(groups: readonly MassStep[]): MassLayer[] {
  const layers = new Map<string, MassLayer>();
  groups.forEach((group, i) => {
    for (const { answer, count, correct } of group.clusters) {
      let layer = layers.get(answer);
      if (!layer) {
        layer = { answer, correct, shares: new Array<number>(groups.length).fill(0) };
        layers.set(answer, layer);
      }
      layer.shares[i]! += count / group.rollouts;
    }
  });
  const mass = (layer: MassLayer) => layer.shares.reduce((a, b) => a + b, 0);
  const largest = [...layers.values()].sort((a, b) => mass(b) - mass(a)).slice(0, LAYERS);
  return largest.sort((a, b) => Number(b.correct === true) - Number(a.correct === true));
}

export const massStyles = css`
  .layer {
    fill: var(--muted);
    fill-opacity: 0.8;
    stroke: var(--vscode-editor-background);
    stroke-width: 0.5;
  }
  .layer.unknown0 {
    fill: var(--accent);
  }
  .layer.is-correct {
    fill: var(--correct);
  }
  .layer.is-wrong {
    fill: var(--wrong);
  }
  svg text.layer-name {
    fill: var(--vscode-foreground);
    stroke: var(--vscode-editor-background);
    stroke-width: 3;
    paint-order: stroke;
    pointer-events: none;
  }
`;

/**
 * Sizes are in pixels.
 * @param steps the step at the right edge
 * @param cursor the selected step; null for none
 */
export function massChart(
  groups: readonly MassStep[],
  width: number,
  height: number,
  steps: number,
  cursor: number | null,
): TemplateResult {
  const left = 24;
  const bottom = height - 16;
  // The last step is drawn with a width, too.
  const lastWidth = Math.max(steps / 60, 0.5);
  const x = scaleLinear([0, Math.max(1, steps) + lastWidth], [left, width - 4]);
  const y = scaleLinear([0, 1], [bottom, 4]);
  return svg`
    ${[0, 1].map((tick) => svg`<text x=${left - 4} y=${y(tick) + 3} text-anchor="end">${tick}</text>`)}
    ${guard([groups, width, height, steps], () => shapesOf(groups, { x, y, lastWidth }))}
    <line class="axis" x1=${left} x2=${width - 4} y1=${bottom} y2=${bottom}></line>
    ${x.ticks(4).map((tick) => (Number.isInteger(tick) ? svg`<text x=${x(tick)} y=${height - 3} text-anchor="middle">${tick}</text>` : nothing))}
    ${cursor === null ? nothing : svg`<line class="cursor" x1=${x(cursor)} x2=${x(cursor)} y1="4" y2=${bottom}></line>`}
  `;
}

interface MassScales {
  x: ScaleLinear<number, number>;
  y: ScaleLinear<number, number>;
  /** Width of the last step, in steps. */
  lastWidth: number;
}

function shapesOf(groups: readonly MassStep[], { x, y, lastWidth }: MassScales): TemplateResult[] {
  const layers = massLayers(groups);
  const base = new Array<number>(groups.length).fill(0);
  const draw = area<{ step: number; from: number; to: number }>()
    .x((d) => x(d.step))
    .y0((d) => y(d.from))
    .y1((d) => y(d.to))
    .curve(curveStepAfter);
  let unknown = 0;
  const drawn = layers.map((layer) => {
    const points = groups.map((group, i) => {
      const from = base[i]!;
      base[i] = from + layer.shares[i]!;
      return { step: group.step, from, to: base[i]! };
    });
    const last = points.at(-1);
    if (last) points.push({ ...last, step: last.step + lastWidth });
    const kind = layer.correct === null ? `unknown${unknown++}` : layer.correct ? 'is-correct' : 'is-wrong';
    const shape = svg`<path class="layer ${kind}" d=${draw(points) ?? ''}><title>${layer.answer}</title></path>`;
    return { shape, label: labelOf(layer, points, { x, y }) };
  });
  return [...drawn.map(({ shape }) => shape), ...drawn.flatMap(({ label }) => label ?? [])];
}

interface Band {
  step: number;
  from: number;
  to: number;
}

/** The label of a layer, in the longest stretch where the layer is high enough for it; null if there is none. */
function labelOf({ answer }: MassLayer, points: readonly Band[], { x, y }: Pick<MassScales, 'x' | 'y'>) {
  const text = oneLine(answer, LETTERS);
  let best: { width: number; at: number; height: number } | null = null;
  for (let first = 0; first < points.length - 1; first++) {
    // No later stretch can be wider.
    if (best && x(points.at(-1)!.step) - x(points[first]!.step) <= best.width) break;
    let [low, high] = [0, 1];
    for (let last = first; last < points.length - 1; last++) {
      low = Math.max(low, points[last]!.from);
      high = Math.min(high, points[last]!.to);
      if (y(low) - y(high) < LABEL) break;
      const [left, right] = [x(points[first]!.step), x(points[last + 1]!.step)];
      if (best && right - left <= best.width) continue;
      best = { width: right - left, at: (left + right) / 2, height: y((low + high) / 2) };
    }
  }
  if (!best || best.width < text.length * LETTER + 4) return null;
  return svg`<text class="layer-name" x=${best.at} y=${best.height + 4} text-anchor="middle">${text}</text>`;
}
