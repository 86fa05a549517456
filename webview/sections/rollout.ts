/** The rollout that is chosen: why it got its reward, where it parts from a sibling, its prompt, and its tokens with a map. */
import { css, nothing } from 'lit';
import { customElement } from 'lit/decorators.js';
import { DASH, plural, whole } from '../../engine/protocol/format.ts';
import type { Rollout } from '../../engine/protocol/group.ts';
import { quantityText } from '../../engine/protocol/quantities.ts';
import { type ForkPoint, forkPoint, logprobUnder, type NoFork } from '../../engine/runs/fork-point.ts';
import { mostSurprising, occurrences, type TextRange, thoughts, tokenAt } from '../../engine/runs/response-parts.ts';
import { answerSpan, type TokenShades, tokenShades, unshaded } from '../../engine/runs/token-shades.ts';
import { Component } from '../component.ts';
import { failureNotice, failureStyles } from '../failure-notice.ts';
import type { GroupReading } from '../group-reader.ts';
import { html } from '../html.ts';
import { Remembered } from '../remembered.ts';
import { shared } from '../styles.ts';
import { correctnessClass, correctnessMark } from './inspector/correctness.ts';
import { forkStyles, forkView } from './rollout/fork.ts';
import { legend, legendStyles } from './rollout/legend.ts';
import { drawMap, MAP_HEIGHT } from './rollout/map.ts';
import {
  partsOf,
  type ResponseMarks,
  type ResponseReading,
  readingOf,
  response,
  responseStyles,
  tokenFacts,
  tokensOf,
} from './rollout/response.ts';

/** Of the tokens that a key jumps to. */
const MOST_SURPRISING = 20;
/** Places that are counted when something is searched. */
const MOST_FOUND = 10_000;
/** CSS pixels above and below what is in sight in which tokens are drawn one by one. */
const MARGIN = 600;

/** What follows from a rollout, computed once. */
interface Prepared {
  rollout: Rollout;
  reading: ResponseReading;
  thoughts: readonly TextRange[];
  fork: ForkPoint | NoFork;
  surprising: readonly number[];
  answer: { place: TextRange; rule: string } | null;
}

type Read = Extract<GroupReading, { state: 'read' }>;

/** The element of the pane for one rollout. */
@customElement('rs-rollout')
export class RolloutView extends Component {
  static override styles = [
    shared,
    failureStyles,
    responseStyles,
    legendStyles,
    forkStyles,
    css`
      .facts {
        display: flex;
        flex-wrap: wrap;
        gap: 0 12px;
      }
      .why {
        margin: 2px 0;
        overflow-wrap: anywhere;
      }
      .actions {
        display: flex;
        flex-wrap: wrap;
        gap: 6px;
        margin: 4px 0;
      }
      details {
        margin: 4px 0;
      }
      summary {
        cursor: pointer;
      }
      .prompt {
        max-height: 20em;
        overflow-y: auto;
        margin: 4px 0;
        padding: 4px 8px;
        border: 1px solid var(--rule);
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }
      .reader {
        position: sticky;
        top: -8px;
        z-index: 2;
        padding: 4px 0;
        background: var(--vscode-editor-background);
        border-bottom: 1px solid var(--rule);
      }
      .map {
        cursor: pointer;
        touch-action: none;
      }
      canvas {
        display: block;
        width: 100%;
        height: ${MAP_HEIGHT}px;
      }
      .jumps {
        display: flex;
        flex-wrap: wrap;
        gap: 4px 8px;
        align-items: center;
      }
      .jumps input {
        flex: 1 1 8em;
        min-width: 6em;
        padding: 2px 6px;
        border: 1px solid var(--vscode-input-border, var(--rule));
        color: var(--vscode-input-foreground);
        background: var(--vscode-input-background);
        font: inherit;
      }
      .about {
        min-height: 1.4em;
        overflow-wrap: anywhere;
      }
    `,
  ];

  /** Which rollout the fields below are about. */
  private about = '';
  private now: number | null = null;
  private wanted = '';
  private unfolded = new Set<number>();
  /** First tokens of the blocks near what is in sight. */
  private live = new Set<number>([0]);
  private showsPrompt = false;
  private watching: IntersectionObserver | null = null;
  private drawing = false;
  /** The blocks that are watched. */
  private watched = '';
  private readonly prepared = new Remembered<Prepared>();
  private readonly earlier = new Remembered<Float32Array | null>();
  private readonly shades = new Remembered<TokenShades | null>();
  private readonly found = new Remembered<TextRange[]>();

  override connectedCallback(): void {
    super.connectedCallback();
    this.parentElement?.addEventListener('scroll', this.scrolled, { passive: true });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.parentElement?.removeEventListener('scroll', this.scrolled);
    this.watching?.disconnect();
    this.watching = null;
  }

  override render() {
    const { selected, groups, columns } = this.store;
    const row = selected?.view.row ?? null;
    if (row === null) return html`<p class="muted">No rollout to show.</p>`;
    const reading = groups.of(columns.idOf(row));
    if (reading.state === 'reading') return html`<p class="muted" role="status">Loading rollouts…</p>`;
    // The problem's pane says why.
    if (reading.state === 'failed') return nothing;
    const known = this.chosen(reading);
    if (!known) return html`<p class="muted">${plural(0, 'rollout')}</p>`;
    return html`<section class="rollout" data-rollout=${known.index + 1} data-answer=${known.rollout.answer ?? nothing} data-reward=${known.rollout.reward ?? nothing}>
      ${this.head(reading, known)} ${this.fork(known)} ${this.prompt()} ${this.reader(reading, known)}
    </section>`;
  }

  /** The rollout that is chosen in a group. */
  private chosen(read: Read): (Prepared & { index: number }) | null {
    const { selection } = this.store;
    const { detail, places } = read;
    const index = selection.rolloutIn(detail.rollouts.length);
    const rollout = detail.rollouts[index];
    if (!rollout) return null;
    const { phase, step, problem } = detail;
    const about = [phase, step, problem, index].join(' ');
    if (about !== this.about) {
      this.about = about;
      this.now = null;
      this.unfolded = new Set();
      this.live = new Set([0]);
    }
    const prepared = this.prepared.of([detail, index], () => {
      const reading = readingOf(rollout);
      const place = places[index] ?? null;
      const span = place ?? answerSpan(rollout.text, rollout.answer);
      return {
        rollout,
        reading,
        thoughts: thoughts(rollout.text),
        fork: forkPoint(detail, index),
        surprising: mostSurprising(rollout.statistics.logprob, MOST_SURPRISING),
        answer: span && { place: tokensOf(reading, span), rule: place?.rule ?? 'its last occurrence' },
      };
    });
    return { ...prepared, index };
  }

  private head({ detail, why }: Read, { rollout, index, answer }: Prepared & { index: number }) {
    const { requests, info, columns, selected, failures, isReadOnly } = this.store;
    const { correct, reward, advantage, tokens, finish } = rollout;
    const id = columns.idOf(selected!.view.row!);
    const lacks = !rollout.statistics.logprob && info?.origin.engine !== 'rollscope';
    const failure = (name: 'openRollout' | 'compareRollouts') =>
      failureNotice(name, failures.of(name), () => failures.clear(name));
    return html`<h2>Rollout ${index + 1}<span class="value">of ${detail.rollouts.length}</span></h2>
      <div class="facts">
        <span>answer <b class="mono ${correctnessClass(correct)}">${rollout.answer ?? 'none'} ${correctnessMark(correct)}</b></span>
        ${answer ? html`<span class="muted">outlined: found by ${answer.rule}</span>` : nothing}
        <span>reward <b>${quantityText('reward', reward)}</b></span>
        ${advantage === null ? nothing : html`<span>advantage <b>${quantityText('advantage', advantage)}</b></span>`}
        ${tokens === null ? nothing : html`<span>${plural(tokens, 'token')}${finish === 'length' ? ', truncated at the length limit' : ''}</span>`}
      </div>
      ${why[index] ? html`<p class="why muted">${why[index]}</p>` : nothing}
      ${
        isReadOnly
          ? nothing
          : html`<div class="actions">
        <vscode-button appearance="secondary" data-action="open-rollout" @click=${() => requests.openRollout(id, index)}>Open in editor</vscode-button>
        ${lacks ? html`<vscode-button appearance="secondary" data-action="compute-statistics" title="A local model reads the rollouts of the run and computes what the trainer did not record" @click=${() => requests.control('statistics')}>Compute token statistics…</vscode-button>` : nothing}
      </div>`
      }
      ${failure('openRollout')} ${failure('compareRollouts')}`;
  }

  private fork({ fork, rollout, index }: Prepared & { index: number }) {
    const { selection, requests, columns, selected, isReadOnly } = this.store;
    const id = columns.idOf(selected!.view.row!);
    return forkView({
      fork,
      text: rollout.text,
      goTo: () => this.goToFork(),
      choose: (sibling) => selection.selectRollout(sibling),
      ...(!isReadOnly && { compare: (sibling: number) => requests.compareRollouts(id, index, sibling) }),
    });
  }

  /** The prompt as the model got it, read when it is unfolded. */
  private prompt() {
    const { selected, failures } = this.store;
    const { problem } = selected!;
    const toggle = (event: Event) => {
      this.showsPrompt = (event.currentTarget as HTMLDetailsElement).open;
      if (this.showsPrompt) this.store.prompts.ask(problem.index);
      this.requestUpdate();
    };
    return html`<details ?open=${this.showsPrompt} @toggle=${toggle}>
      <summary>Prompt as the model got it</summary>
      ${this.showsPrompt ? this.promptText(problem.index) : nothing}
    </details>
    ${failureNotice('readPrompt', failures.of('readPrompt'), () => failures.clear('readPrompt'))}`;
  }

  private promptText(problem: number) {
    const reading = this.store.prompts.of(problem);
    if (reading.state === 'reading') return html`<p class="muted" role="status">Loading the prompt…</p>`;
    // Why is said below.
    if (reading.state === 'failed') return html`<p class="muted">${DASH}</p>`;
    if (reading.text === null) return html`<p class="muted">Not recorded.</p>`;
    return html`<div class="prompt mono" tabindex="0" role="region" aria-label="Prompt">${reading.text}</div>`;
  }

  /** Log-probabilities at A, where the shading asks for them. */
  private beforeOf({ rollout }: Prepared): Float32Array | null {
    const { selection, selected, groupsBefore, columns } = this.store;
    const row = selected?.before.row ?? null;
    if (selection.shading !== 'change' || row === null) return null;
    const reading = groupsBefore.of(columns.idOf(row));
    if (reading.state !== 'read') return null;
    return this.earlier.of([reading.detail, rollout], () => logprobUnder(rollout, reading.detail.rollouts));
  }

  private shadesOf({ detail }: Read, { rollout }: Prepared, before: Float32Array | null): TokenShades | null {
    const { shading } = this.store.selection;
    return this.shades.of([rollout, shading, before], () => {
      const group = detail.rollouts.map(({ statistics, advantage }) => ({ logprob: statistics.logprob, advantage }));
      return tokenShades({ ...rollout.statistics, advantage: rollout.advantage, group, before }, shading);
    });
  }

  private hitsOf({ rollout, reading }: Prepared): TextRange[] {
    return this.found.of([rollout, this.wanted], () =>
      occurrences(rollout.text, this.wanted, MOST_FOUND).map((place) => tokensOf(reading, place)),
    );
  }

  private marksOf(known: Prepared): ResponseMarks {
    const { answer, fork, reading } = known;
    const at = typeof fork === 'string' ? null : Math.min(fork.shared, reading.texts.length - 1);
    return { answer: answer?.place ?? null, fork: at, hits: this.hitsOf(known), now: this.now };
  }

  /** The map, the ways to jump, and the tokens. */
  private reader(read: Read, known: Prepared & { index: number }) {
    const { selection } = this.store;
    const { rollout, reading } = known;
    const before = this.beforeOf(known);
    const shaded = this.shadesOf(read, known, before);
    const marks = this.marksOf(known);
    const parts = partsOf(reading, known.thoughts, (thought) => !this.unfolded.has(thought));
    return html`
      <div class="reader">
        ${legend({
          rollout,
          scoredBy: read.detail.scoredBy,
          shading: selection.shading,
          shaded,
          missing: unshaded(selection.shading, { ...rollout.statistics, advantage: rollout.advantage }),
          shadeBy: (shading) => selection.setShading(shading),
        })}
        ${this.map(known, before)} ${this.jumps(known)}
      </div>
      ${response({ reading, parts, live: this.live, shaded, statistics: rollout.statistics, before, marks, fold: (thought) => this.toggle(thought) })}`;
  }

  private map({ reading, rollout }: Prepared, before: Float32Array | null) {
    const count = reading.texts.length;
    const at = this.now ?? 0;
    const unit = reading.isTokens ? 'token' : 'word';
    const facts = reading.isTokens && count > 0 ? `, ${tokenFacts(rollout.statistics, at, before)}` : '';
    const text = `${unit} ${whole(at + 1)} of ${whole(count)}${facts}`;
    return html`<div class="map" role="slider" tabindex="0" aria-label="Position in the response" aria-valuemin="1" aria-valuemax=${Math.max(1, count)} aria-valuenow=${at + 1} aria-valuetext=${text}
        @pointerdown=${this.point} @pointermove=${(event: PointerEvent) => event.buttons === 1 && this.point(event)} @keydown=${this.mapKey}><canvas></canvas></div>
      <div class="about muted">${this.now === null ? `${plural(count, unit)} · click the map to jump` : html`<b class="mono">${reading.texts[at]!.replace(/\n/g, '↵')}</b> ${text}`}</div>`;
  }

  private jumps(known: Prepared) {
    const { surprising, rollout } = known;
    const hits = this.hitsOf(known);
    const rank = this.now === null ? -1 : surprising.indexOf(this.now);
    const count = hits.length === MOST_FOUND ? `${whole(MOST_FOUND)} or more` : whole(hits.length);
    const key = (event: KeyboardEvent) => {
      if (event.key !== 'Enter') return;
      event.preventDefault();
      this.nextHit(event.shiftKey ? -1 : 1);
    };
    return html`<div class="jumps">
      ${
        rollout.statistics.logprob
          ? html`<button class="link word" data-action="surprise" ?disabled=${surprising.length === 0} title="The least probable tokens, one after another (s, S)" @click=${() => this.surprise(1)}>Most surprising${rank < 0 ? nothing : ` ${rank + 1} of ${surprising.length}`}</button>`
          : nothing
      }
      <input type="search" placeholder="Find in the rollout (F)" aria-label="Find in the rollout" .value=${this.wanted} @input=${this.find} @keydown=${key}>
      ${this.wanted === '' ? nothing : html`<span class="muted" role="status" data-found=${hits.length}>${count} found</span>`}
    </div>`;
  }

  private readonly find = (event: Event): void => {
    this.wanted = (event.currentTarget as HTMLInputElement).value;
    this.requestUpdate();
  };

  private toggle(thought: number): void {
    if (!this.unfolded.delete(thought)) this.unfolded.add(thought);
    this.requestUpdate();
  }

  /** What the keys below move in; null before it is there. */
  private get known(): Prepared | null {
    const { selected, groups, columns } = this.store;
    const row = selected?.view.row ?? null;
    const reading = row === null ? null : groups.of(columns.idOf(row));
    return reading?.state === 'read' ? this.chosen(reading) : null;
  }

  /** Chooses the next of the most surprising tokens, or the one before. */
  surprise(by: 1 | -1): void {
    const { known } = this;
    if (!known || known.surprising.length === 0) return;
    const { length } = known.surprising;
    const rank = this.now === null ? -1 : known.surprising.indexOf(this.now);
    const next = rank < 0 ? (by > 0 ? 0 : length - 1) : (rank + by + length) % length;
    this.goTo(known.surprising[next]!);
  }

  goToFork(): void {
    const { known } = this;
    const fork = known && this.marksOf(known).fork;
    if (fork !== null) this.goTo(fork);
  }

  focusFind(): void {
    this.renderRoot.querySelector<HTMLInputElement>('input')?.focus();
  }

  private nextHit(by: 1 | -1): void {
    const hits = this.known ? this.hitsOf(this.known) : [];
    if (hits.length === 0) return;
    const from = this.now ?? (by > 0 ? -1 : Number.POSITIVE_INFINITY);
    const next =
      by > 0
        ? (hits.find(({ start }) => start > from) ?? hits[0]!)
        : (hits.findLast(({ start }) => start < from) ?? hits.at(-1)!);
    this.goTo(next.start);
  }

  /** Chooses a token and shows it, in a thought that is folded too. */
  private goTo(token: number): void {
    const { known } = this;
    if (!known) return;
    const { reading } = known;
    const t = Math.max(0, Math.min(reading.texts.length - 1, token));
    this.now = t;
    known.thoughts.forEach(({ start, end }, i) => {
      if (t >= tokenAt(reading.starts, start) && reading.starts[t]! < end) this.unfolded.add(i);
    });
    const parts = partsOf(reading, known.thoughts, (thought) => !this.unfolded.has(thought));
    const block = parts.find(({ kind, start, end }) => kind === 'block' && t >= start && t < end);
    if (block) this.live.add(block.start);
    this.requestUpdate();
    void this.updateComplete.then(() =>
      this.renderRoot.querySelector(`[data-token="${t}"]`)?.scrollIntoView({ block: 'center' }),
    );
  }

  private readonly point = (event: PointerEvent): void => {
    const { left, width } = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const count = this.known?.reading.texts.length ?? 0;
    this.goTo(Math.floor(((event.clientX - left) / Math.max(1, width)) * count));
  };

  private readonly mapKey = (event: KeyboardEvent): void => {
    const count = this.known?.reading.texts.length ?? 0;
    const page = Math.max(1, Math.round(count / 20));
    const by = {
      ArrowRight: 1,
      ArrowLeft: -1,
      ArrowUp: 1,
      ArrowDown: -1,
      PageDown: page,
      PageUp: -page,
      Home: -count,
      End: count,
    }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    this.goTo((this.now ?? 0) + by);
  };

  protected override updated(): void {
    this.watch();
    this.draw();
  }

  /** Blocks that come near are drawn token by token, others as one text. */
  private watch(): void {
    const blocks = [...this.renderRoot.querySelectorAll<HTMLElement>('.block')];
    const key = [this.about, ...blocks.map(({ dataset }) => dataset.block)].join(' ');
    if (this.watching && key === this.watched) return;
    this.watched = key;
    this.watching?.disconnect();
    this.watching = new IntersectionObserver((entries) => this.seen(entries), {
      root: this.parentElement,
      rootMargin: `${MARGIN}px 0px`,
    });
    for (const block of blocks) this.watching.observe(block);
  }

  private seen(entries: readonly IntersectionObserverEntry[]): void {
    let changed = false;
    for (const { target, isIntersecting } of entries) {
      const block = Number((target as HTMLElement).dataset.block);
      if (isIntersecting === this.live.has(block)) continue;
      changed = true;
      if (isIntersecting) this.live.add(block);
      else this.live.delete(block);
    }
    if (changed) this.requestUpdate();
  }

  private readonly scrolled = (): void => {
    if (this.drawing) return;
    this.drawing = true;
    requestAnimationFrame(() => {
      this.drawing = false;
      this.draw();
    });
  };

  private draw(): void {
    const canvas = this.renderRoot.querySelector('canvas');
    const { known } = this;
    const tokens = this.renderRoot.querySelector('.tokens');
    if (!canvas || !known || !tokens) return;
    const { selected, columns, groups } = this.store;
    const reading = groups.of(columns.idOf(selected!.view.row!));
    if (reading.state !== 'read') return;
    const shaded = this.shadesOf(reading, known, this.beforeOf(known));
    const count = known.reading.texts.length;
    drawMap(canvas, {
      shades: shaded?.shades ?? [],
      tokens: count,
      marks: this.marksOf(known),
      sight: this.sight(tokens, known),
    });
  }

  /** Tokens that are in sight, about: a response's lines are equally long. */
  private sight(tokens: Element, { reading }: Prepared): TextRange | null {
    const pane = this.parentElement?.getBoundingClientRect();
    const { top, height } = tokens.getBoundingClientRect();
    if (!pane || height <= pane.height) return null;
    const length = reading.starts.at(-1)!;
    const at = (y: number) => tokenAt(reading.starts, Math.round((Math.max(0, Math.min(height, y)) / height) * length));
    return { start: at(pane.top - top), end: at(pane.bottom - top) + 1 };
  }
}
