/** The problems over time: a matrix, and next to it what each problem is now, what it should be, and since when it is wrong. */
import { nothing, type PropertyValues } from 'lit';
import { customElement } from 'lit/decorators.js';
import { DASH, plural } from '../../engine/protocol/format.ts';
import { changeText, quantityText } from '../../engine/protocol/quantities.ts';
import { referenceText } from '../../engine/protocol/reference.ts';
import { VOTE_TITLES } from '../../engine/protocol/verdict.ts';
import { PROBLEM_SORTS, type ProblemOrder } from '../../engine/runs/panel-state.ts';
import { type ProblemView, problemView, speakingRows } from '../../engine/runs/problem-view.ts';
import { problemCurve } from '../../engine/runs/quadrant-history.ts';
import { cellEdge, drawCell, drawRow, type MatrixFrame, type Palette, paletteOf, stepAt } from '../charts/matrix.ts';
import { correctSparkline } from '../charts/sparkline.ts';
import { Component } from '../component.ts';
import { html } from '../html.ts';
import { groupings, type ListItem, listItems, SORT_TITLES } from '../problem-order.ts';
import { moveOf, type ProblemRow } from '../problem-row.ts';
import { Remembered } from '../remembered.ts';
import { shared } from '../styles.ts';
import { onThemeChange, themeColors } from '../theme.ts';
import '../filter-field.ts';
import { columnsFor, type ListColumn, matrixPlace, problemsStyles } from './problems/columns.ts';
import { flowsPart, flowsStyles } from './problems/flows.ts';

const PREDICTED_WRONG = 'predicted:wrong';
/** Earlier spellings of this term. */
const SAME_TERM = [PREDICTED_WRONG, 'likely:wrong'];
/** Height of a line of the list, and of a cell in it. */
const LINE = 20;
const CELL = 14;
/** Lines that are drawn where the height of the list is not known yet. */
const SOME = 60;
/** Lines beyond the edges, so that scrolling shows no gaps. */
const SPARE = 6;

/** The section of all problems; one is selected by click or key. */
@customElement('rs-problems')
export class Problems extends Component {
  static override styles = [shared, problemsStyles, ...flowsStyles];

  /** What is seen of the list, CSS pixels. */
  private top = 0;
  private height = 0;
  private palette: Palette | null = null;
  private endTheme: (() => void) | null = null;
  private heights: ResizeObserver | null = null;
  private restored = false;
  private readonly listed = new Remembered<ListItem[]>();
  private readonly flowsKnown = new Remembered<ReturnType<typeof flowsPart>>();

  override connectedCallback(): void {
    super.connectedCallback();
    this.endTheme = onThemeChange(() => {
      this.palette = null;
      this.requestUpdate();
    });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.endTheme?.();
    this.heights?.disconnect();
  }

  override render() {
    const { problems, selection } = this.store;
    const { filter } = selection;
    const items = this.items();
    const matching = items.filter(({ kind }) => kind === 'problem').length;
    return html`
      <div class="above">
        <rs-filter
          .value=${filter}
          .placeholder=${'Filter: share>0.8 majority:wrong broke since>50 words in the problem'}
          .change=${(text: string) => this.store.selection.setFilter(text)}
        ></rs-filter>
        <div class="count">
          <span role="status" data-matching=${matching} data-problems=${problems.length}>${filter ? `${matching} of ` : ''}${plural(problems.length, 'problem')}</span>
          ${this.predicted(filter)} ${this.orderChoice()}
        </div>
        ${this.store.info?.job === 'probe' ? nothing : this.flows()}
      </div>
      ${this.list(items)} ${this.legend()}
    `;
  }

  /** Made once for the two steps: scrolling and filtering leave them as they are. */
  private flows() {
    const { rows, selection } = this.store;
    return this.flowsKnown.of([rows], () => flowsPart(rows, (text) => selection.setFilter(text)));
  }

  private items(): ListItem[] {
    const { filtered, order } = this.store;
    return this.listed.of([filtered, order], () =>
      listItems(order, new Map(filtered.map((row) => [row.problem.index, row]))),
    );
  }

  /** The number of problems whose predicted majority is probably wrong; a toggle that shows only these. */
  private predicted(filter: string) {
    const count = this.store.rows.filter(({ view }) => view.prediction?.likelyWrong).length;
    if (count === 0) return nothing;
    const words = filter.split(/\s+/).filter(Boolean);
    const on = words.some((word) => SAME_TERM.includes(word));
    const toggled = on ? words.filter((word) => !SAME_TERM.includes(word)) : [...words, PREDICTED_WRONG];
    return html`<button
      class="link predicted"
      aria-pressed=${on}
      data-count=${count}
      title="Problems whose predicted majority has P(correct) below 0.5"
      @click=${() => this.store.selection.setFilter(toggled.join(' '))}
    >${count} predicted wrong</button>`;
  }

  private orderChoice() {
    const { order } = this.store.selection;
    const choice = <K extends keyof ProblemOrder>(
      name: K,
      label: string,
      values: readonly (readonly [ProblemOrder[K], string])[],
    ) =>
      html`<label>${label} <select data-order=${name} @change=${(event: Event) =>
        this.store.selection.setOrder({ [name]: (event.target as HTMLSelectElement).value })}>
        ${values.map(([value, title]) => html`<option value=${value} .selected=${value === order[name]}>${title}</option>`)}
      </select></label>`;
    const sorts = PROBLEM_SORTS.map((sort) => [sort, SORT_TITLES[sort]] as const);
    return html`${choice('sort', 'sorted by', sorts)} ${choice('grouping', 'grouped by', groupings(this.store.dataColumns))}`;
  }

  private list(items: readonly ListItem[]) {
    const columns = this.columnsNow();
    const { problem: selected } = this.store.selection;
    const first = Math.max(0, Math.floor(this.top / LINE) - SPARE);
    const last = this.height > 0 ? Math.ceil((this.top + this.height) / LINE) + SPARE : SOME;
    const shown = items.slice(first, last);
    const isShown = shown.some((item) => item.kind === 'problem' && item.row.problem.index === selected);
    return html`<div
      class="list"
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
        ${shown.map((item, i) => this.line(item, first + i, columns))}
      </div>
    </div>`;
  }

  private line(item: ListItem, place: number, columns: readonly ListColumn[]) {
    // As a property: the page's policy forbids style attributes.
    const style = `transform: translateY(${place * LINE}px)`;
    if (item.kind === 'group') {
      return html`<div class="line group" role="row" aria-rowindex=${place + 2} .style=${style} data-group=${item.title}>
        <span role="gridcell"><b>${item.title}</b><span class="value">${item.count}${this.store.selection.step === null ? '' : ' · at the latest step'}</span></span>
      </div>`;
    }
    const { row } = item;
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
      @dblclick=${(event: MouseEvent) => this.lookAt(event)}
      @pointermove=${(event: PointerEvent) => this.point(event, row)}
    >${columns.map((column) => html`<span role="gridcell" class=${column.key} aria-label=${column.key === 'matrix' ? standingText(view) : nothing}>${this.cell(column, row)}</span>`)}</div>`;
  }

  private cell({ key }: ListColumn, row: ProblemRow): unknown {
    const { problem, view } = row;
    switch (key) {
      case 'id':
        return html`<span title="${problem.id}\n${problem.text.slice(0, 300)}">${problem.id}</span>`;
      case 'marks':
        return this.marks(row);
      case 'text':
        return html`<span class="muted" title=${problem.text.slice(0, 300)}>${problem.text.slice(0, 200)}</span>`;
      case 'matrix':
        return nothing;
      case 'now':
        return nowText(view);
      case 'reference':
        return html`<span title=${referenceText(problem) ?? nothing}>${referenceText(problem) ?? DASH}</span>`;
      case 'share':
        return quantityText('share', view.share);
      case 'change':
        return changeText('share', row.before.share, view.share);
      case 'since':
        return isWrong(view) && view.phase !== 'probe' ? (view.since.verdict ?? DASH) : DASH;
      case 'until':
        return isWrong(view) && view.flip?.from === 'correct' ? view.flip.until : DASH;
      case 'forecast':
        return quantityText('probability', view.prediction?.right);
      case 'curve':
        return html`<svg width="64" height=${CELL} aria-hidden="true">${correctSparkline(problemCurve(this.store.columns, speakingRows(this.store.columns, problem.index)), this.frameSteps)}</svg>`;
    }
  }

  /** What is new of a problem since the step of cursor A, and what was predicted. */
  private marks(row: ProblemRow) {
    const move = moveOf(row);
    return html`${move ? html`<span class="mark ${move}" role="img" aria-label=${move} title=${move === 'broke' ? 'Broke: right at A, wrong at B' : 'Fixed: wrong at A, right at B'}>${move === 'broke' ? '↓' : '↑'}</span>` : nothing}${
      row.view.prediction?.likelyWrong
        ? html`<span class="mark predicted-wrong" role="img" aria-label="predicted wrong" title="Predicted wrong before step 1">◦</span>`
        : nothing
    }`;
  }

  private legend() {
    const { labeled } = this.store.columns.head;
    const sample = (standing: string, text: string) =>
      html`<span class="sample"><canvas data-standing=${standing} width="22" height="12" aria-hidden="true"></canvas>${text}</span>`;
    return html`<div class="legend muted">
      ${labeled ? html`${sample('correct', 'majority correct')}${sample('wrong', 'majority wrong')}` : sample('unknown', 'majority')}
      ${sample('undecided', 'tie or single vote')}${sample('unanswered', 'no answer')}
      <span>stronger: larger share</span>
    </div>`;
  }

  private columnsNow(): ListColumn[] {
    const { columns, info } = this.store;
    const { head } = columns;
    return columnsFor(this.width, {
      trained: info !== null && info.job !== 'probe',
      labeled: head.labeled,
      forecast: head.forecast !== null,
    });
  }

  /** Last step of the matrix. */
  private get frameSteps(): number {
    return this.store.info?.job === 'probe' ? 0 : Math.max(1, this.store.columns.step);
  }

  protected override updated(changes: PropertyValues): void {
    super.updated(changes);
    const list = this.renderRoot.querySelector<HTMLElement>('.list')!;
    if (!this.heights) {
      this.heights = new ResizeObserver(() => this.scrolled(list));
      this.heights.observe(list);
    }
    if (!this.restored && this.store.problems.length > 0 && list.clientHeight > 0) {
      this.restored = true;
      list.scrollTop = this.store.selection.layout.scrolled.problems ?? 0;
    }
    this.paint(list);
  }

  private scrolled(list: HTMLElement): void {
    if (this.top === list.scrollTop && this.height === list.clientHeight) return;
    this.top = list.scrollTop;
    this.height = list.clientHeight;
    this.store.selection.layout.scrolled.problems = this.top;
    this.store.selection.keepSoon();
    this.requestUpdate();
  }

  /** Draws what is seen of the matrix, and the samples of the legend. */
  private paint(list: HTMLElement): void {
    const canvas = list.querySelector('canvas')!;
    const place = matrixPlace(list);
    if (!place || this.height === 0) return;
    const context = sized(canvas, place.width, this.height);
    canvas.style.left = `${place.left}px`;
    canvas.style.top = `${this.top}px`;
    this.palette ??= paletteOf(context, themeColors());
    const { palette } = this;
    const { columns, selection } = this.store;
    const frame: MatrixFrame = { steps: this.frameSteps, width: place.width };
    const items = this.items();
    const first = Math.floor(this.top / LINE);
    const last = Math.ceil((this.top + this.height) / LINE);
    for (let i = first; i < Math.min(last, items.length); i++) {
      const item = items[i]!;
      if (item.kind === 'group') continue;
      const y = i * LINE - this.top + (LINE - CELL) / 2;
      context.save();
      // The hatching begins with its row, and does not slide while the list is scrolled.
      context.translate(0, y);
      drawRow(context, palette, columns, speakingRows(columns, item.row.problem.index), frame, [0, CELL]);
      context.restore();
    }
    if (frame.steps > 0) drawCursors(context, frame, this.height, selection.from ?? 0, selection.step);
    for (const sample of this.renderRoot.querySelectorAll<HTMLCanvasElement>('.legend canvas')) {
      const standing = sample.dataset.standing as 'correct';
      drawCell(sized(sample, 22, 12), palette, { standing, share: 0.8 }, [0, 0, 22, 12]);
    }
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
    cell.title = `Step ${view.step ?? step}: ${standingText(view)}\nDouble-click to go to this step`;
  }

  private lookAt(event: MouseEvent): void {
    if (!(event.target as HTMLElement).classList.contains('matrix')) return;
    this.store.selection.lookAt(this.stepUnder(event));
  }

  private stepUnder(event: MouseEvent): number {
    const { left, width } = (event.target as HTMLElement).getBoundingClientRect();
    return stepAt({ steps: this.frameSteps, width }, event.clientX - left);
  }

  private key(event: KeyboardEvent, items: readonly ListItem[]): void {
    const rows = items.flatMap((item) => (item.kind === 'problem' ? [item.row.problem.index] : []));
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
    const rows = this.items().flatMap((item) => (item.kind === 'problem' ? [item.row.problem.index] : []));
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
    const place = this.items().findIndex((item) => item.kind === 'problem' && item.row.problem.index === problem);
    const list = this.renderRoot.querySelector<HTMLElement>('.list');
    if (!list || place < 0) return;
    // The titles stay at the top.
    const visible = list.clientHeight - LINE;
    if (place * LINE < list.scrollTop) list.scrollTop = place * LINE;
    else if ((place + 1) * LINE > list.scrollTop + visible) list.scrollTop = (place + 1) * LINE - visible;
  }
}

/** A canvas of this size in CSS pixels, cleared, with crisp pixels. */
function sized(canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D {
  const scale = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const context = canvas.getContext('2d')!;
  context.scale(scale, scale);
  return context;
}

function drawCursors(
  context: CanvasRenderingContext2D,
  frame: MatrixFrame,
  height: number,
  a: number,
  b: number | null,
): void {
  const style = getComputedStyle(document.documentElement);
  const line = (step: number, color: string) => {
    const x = Math.round(cellEdge(frame, step) + cellEdge(frame, 1) / 2) + 0.5;
    context.strokeStyle = style.getPropertyValue(color).trim() || 'gray';
    context.setLineDash([2, 2]);
    context.beginPath();
    context.moveTo(x, 0);
    context.lineTo(x, height);
    context.stroke();
  };
  if (a > 0) line(a, '--vscode-charts-purple');
  if (b !== null) line(b, '--vscode-focusBorder');
}

/** The answer of the vote, marked as right or wrong where it is a majority. */
function nowText(view: ProblemView) {
  const { status, answer, verdict } = view;
  if (status === 'unsampled') return DASH;
  if (status === 'unanswered') return html`<span class="muted">no answer</span>`;
  const mark = status !== 'majority' ? '=' : verdict === 'unknown' ? '' : verdict === 'correct' ? '✓' : '✗';
  const kind = status === 'majority' ? verdict : 'muted';
  return html`<span class=${kind} title="${answer} (${VOTE_TITLES[status]})">${mark} ${answer}</span>`;
}

/** How the vote on a problem stands, in words. */
function standingText({ status, answer, share, verdict }: ProblemView): string {
  switch (status) {
    case 'unsampled':
      return 'not sampled yet';
    case 'unanswered':
      return 'no answer';
    case 'single':
    case 'tie':
      return `${answer} (${VOTE_TITLES[status]}), share ${quantityText('share', share)}`;
    case 'majority':
      return `${answer}${verdict === 'unknown' ? '' : ` (${verdict})`}, majority share ${quantityText('share', share)}`;
  }
}

/** Whether the vote is wrong: without an answer there is none. */
function isWrong({ verdict, status }: ProblemView): boolean {
  return verdict === 'wrong' && status !== 'unanswered';
}
