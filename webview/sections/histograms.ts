/**
 * The distribution of the problems at the selected step: reward, majority share and length. Their bins filter the
 * problems.
 */
import { css, nothing } from 'lit';
import { customElement } from 'lit/decorators.js';
import { plural } from '../../engine/protocol/format.ts';
import { quantityText, withUnit } from '../../engine/protocol/quantities.ts';
import { BINNED, type Bin, type Binned, binFilter, binned, edgesOf, rangeIn } from '../bins.ts';
import { Component } from '../component.ts';
import { menuStyles, saveMenu } from '../export-menu.ts';
import { html, svg } from '../html.ts';
import { Remembered } from '../remembered.ts';
import { shared } from '../styles.ts';

const TITLES: Readonly<Record<Binned, { title: string; quantity: 'reward' | 'share' | 'length' }>> = {
  reward: { title: 'Reward', quantity: 'reward' },
  share: { title: 'Majority share', quantity: 'share' },
  length: { title: 'Length', quantity: 'length' },
};
const HEIGHT = 74;
/** Room for the numbers below the bars. */
const AXIS = 14;
/** Height of the histograms below the charts, with their titles, in CSS pixels. */
export const HISTOGRAMS_HEIGHT = HEIGHT + AXIS + 28;
const MAX_WIDTH = 480;
/** Room for the count above a bar; width of one of its digits, CSS pixels. */
const [COUNT, DIGIT] = [12, 6];
const GAP = 18;

interface Histogram {
  name: Binned;
  /** Bins of all problems, and of those that match the filter. */
  all: readonly Bin[];
  matching: readonly Bin[];
}

/** The element of the histograms. */
@customElement('rs-histograms')
export class Histograms extends Component {
  static override styles = [
    shared,
    menuStyles,
    css`
      .histograms {
        display: flex;
        flex-wrap: wrap;
        gap: 8px ${GAP}px;
      }
      .bins {
        cursor: pointer;
      }
      rect.all {
        fill: var(--muted);
        opacity: 0.4;
      }
      rect.matching {
        fill: var(--accent);
      }
      g.bin {
        outline: none;
      }
      g.bin:hover .hit,
      g.bin:focus-visible .hit {
        stroke: var(--vscode-focusBorder);
      }
      rect.hit {
        fill: transparent;
      }
      g.bin[aria-pressed='true'] .hit {
        stroke: var(--vscode-foreground);
      }
    `,
  ];
  protected override readonly pane = 'charts';

  private readonly histograms = new Remembered<Histogram[]>();
  /** The bin that was chosen last, where a range begins. */
  private anchor: { name: Binned; bin: number } | null = null;
  /** The bin of each histogram that has the tab stop. */
  private readonly stop = new Map<Binned, number>();

  override render() {
    const { rows, filtered } = this.store;
    const found = this.histograms.of([rows, filtered], () =>
      BINNED.flatMap((name): Histogram[] => {
        const values = (of: typeof rows) => of.flatMap(({ view }) => view[name] ?? []);
        const edges = edgesOf(values(rows));
        return edges.length < 2
          ? []
          : [{ name, all: binned(values(rows), edges), matching: binned(values(filtered), edges) }];
      }),
    );
    if (found.length === 0) return nothing;
    const columns = Math.max(1, Math.min(found.length, Math.floor((this.width + GAP) / (200 + GAP))));
    const width = Math.min(MAX_WIDTH, Math.floor((this.width - GAP * (columns - 1)) / columns));
    if (width < 80) return nothing;
    return html`<div class="histograms">${found.map((item) => this.histogram(item, width))}</div>`;
  }

  private histogram({ name, all, matching }: Histogram, width: number) {
    const { title, quantity } = TITLES[name];
    const most = Math.max(1, ...all.map(({ count }) => count));
    const wide = width / all.length;
    const height = (count: number) => (count === 0 ? 0 : Math.max(1, (count / most) * (HEIGHT - COUNT)));
    const range = rangeIn(this.store.selection.filter, name);
    const bar = (kind: string, i: number, count: number) =>
      svg`<rect class=${kind} x=${i * wide + 1} width=${Math.max(1, wide - 2)} y=${HEIGHT - height(count)} height=${height(count)}></rect>`;
    // Of those that match; where the bars are too narrow for it the tooltip says it.
    const counted = (i: number, count: number) => {
      const label = matching[i]!.count === count ? String(count) : `${matching[i]!.count}/${count}`;
      if (count === 0 || label.length * DIGIT > wide) return nothing;
      return svg`<text class="count" x=${(i + 0.5) * wide} y=${HEIGHT - height(count) - 3} text-anchor="middle">${label}</text>`;
    };
    const total = all.reduce((sum, { count }) => sum + count, 0);
    const stop = Math.min(this.stop.get(name) ?? 0, all.length - 1);
    return html`<section data-histogram=${name}>
      <h2>${title}<span class="value">${plural(total, 'problem')}${range ? html` · <button class="link" data-action="clear-bins" @click=${() => this.choose(name, null)}>show all</button>` : nothing}</span>${this.menu({ name, all, matching })}</h2>
      <svg class="bins" width=${width} height=${HEIGHT + AXIS} role="group" aria-label="Histogram of ${title} of ${plural(total, 'problem')}">
        ${all.map((bin, i) => {
          const text = `${quantityText(quantity, bin.from)} to ${quantityText(quantity, bin.to)}: ${plural(bin.count, 'problem')}${matching[i]!.count === bin.count ? '' : `, ${matching[i]!.count} of them match the filter`}`;
          const isChosen = range !== null && bin.from >= range.from && bin.to <= range.to;
          return svg`<g class="bin" role="button" tabindex=${i === stop ? 0 : -1} data-bin=${i} data-count=${bin.count} aria-pressed=${isChosen} aria-label=${text}
            @click=${(event: MouseEvent) => this.press(name, all, i, event.shiftKey)} @keydown=${(event: KeyboardEvent) => this.key(event, name, all, i)}>
            <title>${text}</title>${bar('all', i, bin.count)}${bar('matching', i, matching[i]!.count)}${counted(i, bin.count)}
            <rect class="hit" x=${i * wide + 0.5} width=${Math.max(1, wide - 1)} y="0.5" height=${HEIGHT - 1}></rect></g>`;
        })}
        <text x="0" y=${HEIGHT + AXIS - 3}>${quantityText(quantity, all[0]!.from)}</text>
        <text x=${width} y=${HEIGHT + AXIS - 3} text-anchor="end">${withUnit(quantity, all.at(-1)!.to)}</text>
      </svg>
    </section>`;
  }

  private menu({ name, all, matching }: Histogram) {
    return saveMenu(this.store, {
      name: `histogram-${name}`,
      title: TITLES[name].title,
      drawing: () => this.renderRoot.querySelector<SVGSVGElement>(`[data-histogram="${name}"] svg`),
      table: () => ({
        head: ['from', 'to', 'problems', 'matching'],
        rows: all.map(({ from, to, count }, i) => [from, to, count, matching[i]!.count]),
      }),
    });
  }

  /** Filters to a bin, or with Shift to all from the one that was chosen before; a bin that is the whole range frees it. */
  private press(name: Binned, bins: readonly Bin[], bin: number, isRange: boolean): void {
    const range = rangeIn(this.store.selection.filter, name);
    const { from, to } = bins[bin]!;
    this.stop.set(name, bin);
    if (!isRange && range && range.from === from && range.to === to) {
      this.choose(name, null);
      return;
    }
    const other = isRange && this.anchor?.name === name ? Math.min(this.anchor.bin, bins.length - 1) : bin;
    if (other === bin) this.anchor = { name, bin };
    this.choose(name, { first: bins[Math.min(other, bin)]!, last: bins[Math.max(other, bin)]! });
  }

  private choose(name: Binned, bins: { first: Bin; last: Bin } | null): void {
    const { selection } = this.store;
    selection.setFilter(binFilter(selection.filter, name, bins));
  }

  private key(event: KeyboardEvent, name: Binned, bins: readonly Bin[], bin: number): void {
    if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      event.stopPropagation();
      this.press(name, bins, bin, event.shiftKey);
      return;
    }
    const last = bins.length - 1;
    const next = { ArrowRight: bin + 1, ArrowLeft: bin - 1, Home: 0, End: last }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    this.stop.set(name, Math.max(0, Math.min(last, next)));
    this.requestUpdate();
    void this.updateComplete.then(() =>
      this.renderRoot
        .querySelector<SVGElement>(`[data-histogram="${name}"] [data-bin="${this.stop.get(name)}"]`)
        ?.focus(),
    );
  }
}
