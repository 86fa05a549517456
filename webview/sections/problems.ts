/**
 * The problems over time: a matrix, and next to it the current answer of each problem, the reference, and since when it
 * is wrong.
 */
import { nothing, type PropertyValues } from 'lit';
import { customElement } from 'lit/decorators.js';
import { plural } from '../../engine/protocol/format.ts';
import { visible } from '../../engine/protocol/visible.ts';
import { problemView } from '../../engine/runs/problem-view.ts';
import type { Flow } from '../charts/flows.ts';
import { stepAt } from '../charts/matrix.ts';
import { Component } from '../component.ts';
import { menuStyles, saveMenu } from '../export-menu.ts';
import { html } from '../html.ts';
import { nothingFound, nothingFoundStyles } from '../nothing-found.ts';
import { type ListItem, listItems } from '../problem-order.ts';
import type { ProblemRow } from '../problem-row.ts';
import { Remembered } from '../remembered.ts';
import { onResize } from '../resize.ts';
import { shared } from '../styles.ts';
import { onThemeChange } from '../theme.ts';
import '../filter-field.ts';
import { matrixLegend, orderChoice, predictedWrong } from './problems/around.ts';
import { problemCell, standingText } from './problems/cells.ts';
import { columnsFor, type ListColumn, problemsStyles } from './problems/columns.ts';
import { flowsPart, flowsStyles } from './problems/flows.ts';
import { LINE, MatrixDrawing } from './problems/matrix-drawing.ts';
import { matrixDrawing, matrixTable } from './problems/matrix-file.ts';

/** Number of lines that are drawn while the height of the list is unknown. */
const INITIAL_LINES = 60;
/** Lines beyond the edges, so that scrolling shows no gaps. */
const OVERSCAN_LINES = 6;

/** The section of all problems; one is selected by click or key. */
@customElement('rs-problems')
export class Problems extends Component {
  static override styles = [shared, menuStyles, problemsStyles, nothingFoundStyles, ...flowsStyles];
  protected override readonly pane = 'problems';

  /** The visible part of the list, in CSS pixels. */
  private top = 0;
  private height = 0;
  private endTheme: (() => void) | null = null;
  private endListResize: (() => void) | null = null;
  private restored = false;
  private readonly drawing = new MatrixDrawing();
  private readonly listed = new Remembered<ListItem[]>();
  private readonly whyNothing = new Remembered<ReturnType<typeof nothingFound>>();
  private showsFlows = false;
  private readonly flowsKnown = new Remembered<ReturnType<typeof flowsPart>>();

  override connectedCallback(): void {
    super.connectedCallback();
    this.endTheme = onThemeChange(() => {
      this.drawing.forgetTheme();
      this.requestUpdate();
    });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.endTheme?.();
    this.endListResize?.();
    this.endListResize = null;
  }

  override render() {
    const { problems, selection, columns } = this.store;
    const { filter } = selection;
    const items = this.items();
    const matching = this.store.filtered.length;
    return html`
      <div class="above">
        <rs-filter
          .value=${filter}
          .placeholder=${`Filter: ${columns.head.labeled ? 'share>0.8 majority:wrong broke since>50' : 'share<0.5 switched gained>0.3 since>50'} words in the problem`}
          .change=${(text: string) => this.store.selection.setFilter(text)}
        ></rs-filter>
        <div class="count">
          <span role="status" data-matching=${matching} data-problems=${problems.length}>${filter ? `${matching} of ` : ''}${plural(problems.length, 'problem')}</span>
          ${predictedWrong(this.store)} ${orderChoice(this.store)} ${this.matrixMenu(items)}
        </div>
        ${this.store.info?.job === 'probe' ? nothing : this.flows()}
      </div>
      ${this.list(items)} ${this.emptyListNotice(items)} ${matrixLegend(this.store, this.width)}
    `;
  }

  /** Where the filter leaves no problem: why, and the way back; of ten thousand problems counted once. */
  private emptyListNotice(items: readonly ListItem[]) {
    const { selection, rows } = this.store;
    if (items.length > 0 || rows.length === 0 || !selection.filter.trim()) return nothing;
    const clear = () => {
      selection.setFilter('');
      this.focusFilter();
    };
    return this.whyNothing.of([rows, selection.filter], () => nothingFound(selection.filter, rows, clear));
  }

  /** Made once for the two steps: scrolling and filtering leave them as they are. */
  private flows() {
    const { rows, selection } = this.store;
    const open = (isOpen: boolean) => {
      this.showsFlows = isOpen;
      this.requestUpdate();
    };
    const { showsFlows: isOpen } = this;
    return this.flowsKnown.of([rows, isOpen], () =>
      flowsPart(rows, {
        isOpen,
        open,
        filter: (text) => selection.setFilter(text),
        save: (some) => this.flowsMenu(some),
      }),
    );
  }

  private flowsMenu(flows: readonly Flow[]) {
    return saveMenu(this.store, {
      name: 'flows',
      title: 'Flows from A to B',
      drawing: () => this.renderRoot.querySelector<SVGSVGElement>('.flows svg'),
      table: () => ({
        head: ['at A', 'at B', 'problems'],
        rows: flows.map(({ from, to, count }) => [from, to, count]),
      }),
    });
  }

  /** Saves the whole list, including the part that is not visible. */
  private matrixMenu(items: readonly ListItem[]) {
    const { columns } = this.store;
    const problems = () => items.map((item) => (item.kind === 'group' ? null : this.store.problems[item.index]!));
    const steps = this.lastMatrixStep;
    return saveMenu(this.store, {
      name: 'problems-over-time',
      title: 'Problems over time',
      drawing: () => matrixDrawing({ columns, problems: problems(), steps }),
      table: () => matrixTable(columns, problems()),
    });
  }

  /** The lines of the list; without a filter they are the same at every step. */
  private items(): ListItem[] {
    const { filtered, rows, order } = this.store;
    const matching = filtered === rows ? null : filtered;
    return this.listed.of([matching, order], () =>
      listItems(order, matching && new Set(matching.map(({ problem }) => problem.index))),
    );
  }

  private list(items: readonly ListItem[]) {
    const columns = this.currentColumns();
    const { problem: selected } = this.store.selection;
    const first = Math.max(0, Math.floor(this.top / LINE) - OVERSCAN_LINES);
    const last = this.height > 0 ? Math.ceil((this.top + this.height) / LINE) + OVERSCAN_LINES : INITIAL_LINES;
    const shown = items.slice(first, last);
    const isShown = shown.some((item) => item.kind === 'problem' && item.index === selected);
    return html`<div
      class="list ${items.length === 0 && this.store.rows.length > 0 ? 'empty' : ''}"
      role="grid"
      tabindex="0"
      aria-label="Problems over time"
      aria-rowcount=${items.length + 1}
      aria-activedescendant=${isShown ? `problem-${selected}` : nothing}
      @scroll=${(event: Event) => this.scrolled(event.currentTarget as HTMLElement)}
      @keydown=${(event: KeyboardEvent) => this.key(event, items)}
    >
      <div class="titles line" role="row" aria-rowindex="1">
        ${columns.map(
          (
            column,
          ) => html`<span role="columnheader" class=${column.key} title=${column.hint ?? nothing} aria-sort=${column.sort && column.sort === this.store.selection.order.sort ? 'other' : nothing}>
          ${column.sort ? html`<button class="link" tabindex="-1" @click=${() => this.store.selection.setOrder({ sort: column.sort! })}>${column.title}</button>` : column.title}
        </span>`,
        )}
      </div>
      <div class="lines" role="rowgroup" .style=${`height: ${items.length * LINE}px`}>
        <canvas aria-hidden="true"></canvas>
        <div class="step-line a" hidden></div><div class="step-line b" hidden></div>
        ${shown.map((item, i) => this.line(item, first + i, columns))}
      </div>
    </div>`;
  }

  private line(item: ListItem, place: number, columns: readonly ListColumn[]) {
    // A property, since the page's policy forbids style attributes.
    const style = `transform: translateY(${place * LINE}px)`;
    if (item.kind === 'group') {
      return html`<div class="line group" role="row" aria-rowindex=${place + 2} .style=${style} data-group=${item.title}>
        <span role="gridcell"><b>${item.title}</b><span class="value">${item.count}${this.store.selection.step === null ? '' : ' · at the latest step'}</span></span>
      </div>`;
    }
    const row = this.store.rows[item.index]!;
    const { problem, view } = row;
    return html`<div
      class="line problem"
      role="row"
      id="problem-${problem.index}"
      data-problem=${problem.index}
      data-quadrant=${view.quadrant}
      aria-rowindex=${place + 2}
      aria-selected=${problem.index === this.store.selection.problem}
      .style=${style}
      @click=${() => this.choose(problem.index)}
      @dblclick=${(event: MouseEvent) => this.goToStep(event)}
      @pointermove=${(event: PointerEvent) => this.point(event, row)}
    >${columns.map((column) => html`<span role="gridcell" class=${column.key} aria-label=${column.key === 'matrix' ? standingText(view) : nothing}>${problemCell(column, row, { columns: this.store.columns, steps: this.lastMatrixStep })}</span>`)}</div>`;
  }

  private currentColumns(): ListColumn[] {
    const { columns, info } = this.store;
    const { head } = columns;
    return columnsFor(this.width, {
      trained: info !== null && info.job !== 'probe',
      labeled: head.labeled,
      forecast: head.forecast !== null,
    });
  }

  /** Last step of the matrix. */
  private get lastMatrixStep(): number {
    return this.store.info?.job === 'probe' ? 0 : Math.max(1, this.store.columns.step);
  }

  protected override updated(changes: PropertyValues): void {
    super.updated(changes);
    const list = this.renderRoot.querySelector<HTMLElement>('.list')!;
    this.endListResize ??= onResize(list, () => this.resized(list));
    if (!this.restored && this.store.problems.length > 0 && list.clientHeight > 0) {
      this.restored = true;
      list.scrollTop = this.store.selection.layout.scrolled.problems ?? 0;
    }
    this.paint(list);
  }

  private resized(list: HTMLElement): void {
    this.drawing.forgetPlace();
    this.scrolled(list);
    this.requestUpdate();
  }

  private scrolled(list: HTMLElement): void {
    if (this.top === list.scrollTop && this.height === list.clientHeight) return;
    this.top = list.scrollTop;
    this.height = list.clientHeight;
    this.store.selection.layout.scrolled.problems = this.top;
    this.store.selection.keepSoon();
    this.requestUpdate();
  }

  /** Draws the visible part of the matrix, and the samples of the legend. */
  private paint(list: HTMLElement): void {
    const { columns, selection } = this.store;
    const samples = [...this.renderRoot.querySelectorAll<HTMLCanvasElement>('.legend canvas')];
    this.drawing.paint(list, samples, {
      ...{
        columns,
        items: this.items(),
        steps: this.lastMatrixStep,
        a: selection.fromRun === null ? selection.from : null,
        b: selection.step,
      },
      ...{ top: this.top, height: this.height },
    });
  }

  /** Selects a problem; a narrow panel turns to it. */
  private choose(problem: number): void {
    this.store.selection.layout.turnTo('problem', window.innerWidth);
    this.store.selection.select(problem);
  }

  /** The step under the pointer in the tooltip of the matrix. */
  private point(event: PointerEvent, { problem }: ProblemRow): void {
    const cell = event.target as HTMLElement;
    if (!cell.classList.contains('matrix')) return;
    const step = this.stepUnder(event);
    const view = problemView(this.store.columns, problem.index, step);
    cell.title = visible(`Step ${view.step ?? step}: ${standingText(view)}\nDouble-click to go to this step`);
  }

  private goToStep(event: MouseEvent): void {
    if (!(event.target as HTMLElement).classList.contains('matrix')) return;
    this.store.selection.lookAt(this.stepUnder(event));
  }

  private stepUnder(event: MouseEvent): number {
    const { left, width } = (event.target as HTMLElement).getBoundingClientRect();
    return stepAt({ steps: this.lastMatrixStep, width }, event.clientX - left);
  }

  private key(event: KeyboardEvent, items: readonly ListItem[]): void {
    const rows = problemsIn(items);
    const page = Math.max(1, Math.floor(this.height / LINE) - 1);
    const now = rows.indexOf(this.store.selection.problem ?? -1);
    const places: Record<string, number> = {
      ArrowDown: now + 1,
      ArrowUp: now - 1,
      PageDown: now + page,
      PageUp: now - page,
      Home: 0,
      End: rows.length - 1,
    };
    const place = places[event.key];
    if (place === undefined || rows.length === 0) return;
    event.preventDefault();
    this.reveal(rows[Math.max(0, Math.min(rows.length - 1, place))]!);
  }

  /** Selects the problem that is `by` places further in the list. */
  step(by: number): void {
    const rows = problemsIn(this.items());
    if (rows.length === 0) return;
    const now = rows.indexOf(this.store.selection.problem ?? -1);
    this.reveal(rows[Math.max(0, Math.min(rows.length - 1, now + by))]!);
  }

  focusFilter(): void {
    this.renderRoot.querySelector<HTMLElement>('rs-filter')?.focus();
  }

  /** Selects a problem and scrolls to it. */
  private reveal(problem: number): void {
    this.store.selection.select(problem);
    const place = this.items().findIndex((item) => item.kind === 'problem' && item.index === problem);
    const list = this.renderRoot.querySelector<HTMLElement>('.list');
    if (!list || place < 0) return;
    // The titles stay at the top.
    const visible = list.clientHeight - LINE;
    if (place * LINE < list.scrollTop) list.scrollTop = place * LINE;
    else if ((place + 1) * LINE > list.scrollTop + visible) list.scrollTop = (place + 1) * LINE - visible;
  }
}

/** Indices of the problems of a list, in its order. */
function problemsIn(items: readonly ListItem[]): number[] {
  return items.flatMap((item) => (item.kind === 'problem' ? [item.index] : []));
}
