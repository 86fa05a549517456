/**
 * The selected rollout: why it got its reward, where it diverges from a sibling, its prompt, and its tokens with a map.
 */
import { nothing } from 'lit';
import { customElement } from 'lit/decorators.js';
import { plural } from '../../engine/protocol/format.ts';
import type { GroupId } from '../../engine/protocol/group.ts';
import { logprobUnder } from '../../engine/runs/fork-point.ts';
import type { TextRange } from '../../engine/runs/response-parts.ts';
import { type TokenShades, unshaded } from '../../engine/runs/token-shades.ts';
import { Component } from '../component.ts';
import { failureNotice } from '../failure-notice.ts';
import type { GroupReading } from '../group-reader.ts';
import { html } from '../html.ts';
import { Remembered } from '../remembered.ts';
import { forkView } from './rollout/fork.ts';
import { rolloutHead } from './rollout/head.ts';
import { jumps } from './rollout/jumps.ts';
import { legend } from './rollout/legend.ts';
import { LiveBlocks } from './rollout/live-blocks.ts';
import { MapDrawing, mapView } from './rollout/map-view.ts';
import { forkToken, hitsOf, type PreparedRollout, prepared, shadesOf, thoughtsAt } from './rollout/prepared.ts';
import { promptView } from './rollout/prompt.ts';
import { partsOf, type ResponseMarks, type ResponsePart, response } from './rollout/response.ts';
import { rolloutStyles } from './rollout/styles.ts';

/** Used while tokens are not shaded: always the same array, so that the map is drawn once. */
const NO_SHADES = new Uint8Array();

type Read = Extract<GroupReading, { state: 'read' }>;

/** The rollout that is shown, and the group that it is one of. */
interface Shown {
  read: Read;
  known: PreparedRollout;
}

/** The element of the pane for one rollout. */
@customElement('rs-rollout')
export class RolloutView extends Component {
  static override styles = rolloutStyles;
  protected override readonly pane = 'rollout';

  /** Which rollout the fields below are about. */
  private about = '';
  /** The chosen token. */
  private now: number | null = null;
  private wanted = '';
  /** Thoughts that are unfolded. */
  private unfolded = new Set<number>();
  private showsPrompt = false;
  /** The choice of tokens that was shown last. */
  private followed: readonly [number, number] | null = null;
  private readonly blocks = new LiveBlocks(this);
  private readonly prepared = new Remembered<PreparedRollout | undefined>();
  private readonly earlier = new Remembered<Float32Array | null>();
  private readonly shades = new Remembered<TokenShades | null>();
  private readonly found = new Remembered<TextRange[]>();
  private readonly parts = new Remembered<ResponsePart[]>();

  constructor() {
    super();
    new MapDrawing(this, () => {
      const { shown } = this;
      if (!shown) return null;
      const { known } = shown;
      const shades = this.shadesOf(shown, this.beforeOf(known))?.shades ?? NO_SHADES;
      return { reading: known.reading, shades, marks: this.marksOf(known) };
    });
  }

  override render() {
    const { selected, columns } = this.store;
    const row = selected?.view.row ?? null;
    if (row === null) return html`<p class="muted">No rollout to show.</p>`;
    const reading = this.readingOf(columns.idOf(row));
    if (reading.state === 'reading') return html`<p class="muted" role="status">Loading rollouts…</p>`;
    // The problem's pane shows the reason.
    if (reading.state === 'failed') return nothing;
    const known = this.chosenIn(reading);
    if (!known) return html`<p class="muted">${plural(0, 'rollout')}</p>`;
    const shown = { read: reading, known };
    const { rollout, index } = known;
    return html`<section class="rollout" data-rollout=${index + 1} data-answer=${rollout.answer ?? nothing} data-reward=${rollout.reward ?? nothing}>
      ${this.head(shown)} ${this.fork(known)} ${this.prompt()} ${this.reader(shown)}
    </section>`;
  }

  /** The group, once the tokens of the chosen rollout are there. */
  private readingOf(id: GroupId): GroupReading {
    const { groups, selection } = this.store;
    const reading = groups.of(id);
    return reading.state === 'read' ? groups.of(id, selection.rolloutIn(reading.detail.rollouts.length)) : reading;
  }

  /** The rollout that is shown; null before it has been read. */
  private get shown(): Shown | null {
    const { selected, columns } = this.store;
    const row = selected?.view.row ?? null;
    const read = row === null ? null : this.readingOf(columns.idOf(row));
    const known = read?.state === 'read' ? this.chosenIn(read) : undefined;
    return known ? { read: read as Read, known } : null;
  }

  /** The rollout that is chosen in a group. */
  private chosenIn(read: Read): PreparedRollout | undefined {
    const { detail } = read;
    const index = this.store.selection.rolloutIn(detail.rollouts.length);
    const about = [detail.phase, detail.step, detail.problem, index].join(' ');
    if (about !== this.about) {
      this.about = about;
      this.now = null;
      this.unfolded = new Set();
      this.blocks.restart(about);
    }
    return this.prepared.of([detail, index], () => prepared(read, index));
  }

  private head({ read: { detail, why }, known: { rollout, index, answer } }: Shown) {
    const { requests, info, columns, selected, failures, isReadOnly } = this.store;
    const id = columns.idOf(selected!.view.row!);
    const lacksStatistics = !rollout.statistics.logprob && info?.origin.engine !== 'rollscope';
    const failure = (name: 'openRollout' | 'compareRollouts') =>
      failureNotice(name, failures.of(name), () => failures.clear(name));
    return html`${rolloutHead({
      rollout,
      index,
      rollouts: detail.rollouts.length,
      answerRule: answer?.rule ?? null,
      why: why[index],
      ...(!isReadOnly && { open: () => requests.openRollout(id, index) }),
      ...(!isReadOnly && lacksStatistics && { computeStatistics: () => requests.control('statistics') }),
    })}
    ${failure('openRollout')} ${failure('compareRollouts')}`;
  }

  private fork({ fork, rollout, index }: PreparedRollout) {
    const { selection, requests, columns, selected, isReadOnly } = this.store;
    const id = columns.idOf(selected!.view.row!);
    return forkView({
      fork,
      text: rollout.text,
      goTo: () => this.goToFork(),
      choose: (sibling) => selection.selectRollout(sibling),
      ...(!isReadOnly && {
        compare: (sibling: number) =>
          requests.compareRollouts({ group: id, rollout: index }, { group: id, rollout: sibling }),
      }),
    });
  }

  private prompt() {
    const { selected, failures, prompts } = this.store;
    const { index } = selected!.problem;
    const toggled = (isOpen: boolean) => {
      this.showsPrompt = isOpen;
      if (isOpen) prompts.ask(index);
      this.requestUpdate();
    };
    return html`${promptView({ isOpen: this.showsPrompt, reading: () => prompts.of(index), toggled })}
    ${failureNotice('readPrompt', failures.of('readPrompt'), () => failures.clear('readPrompt'))}`;
  }

  /** The map, the ways to jump, and the tokens. */
  private reader(shown: Shown) {
    const { selection } = this.store;
    const { read, known } = shown;
    const { rollout, reading } = known;
    const { statistics } = rollout;
    const before = this.beforeOf(known);
    const shaded = this.shadesOf(shown, before);
    const marks = this.marksOf(known);
    return html`
      <div class="reader">
        ${legend({
          rollout,
          scoredBy: read.detail.scoredBy,
          shading: selection.shading,
          shaded,
          missing: unshaded(selection.shading, { ...statistics, advantage: rollout.advantage }),
          shadeBy: (shading) => selection.setShading(shading),
        })}
        ${mapView({ reading, statistics, before, now: this.now, goTo: (token) => this.goTo(token) })}
        ${jumps({
          surprising: statistics.logprob && known.surprising,
          now: this.now,
          wanted: this.wanted,
          found: marks.hits.length,
          goToSurprising: () => this.goToSurprising(1),
          search: (wanted) => this.search(wanted),
          nextHit: (by) => this.nextHit(by),
        })}
      </div>
      <div @mousedown=${(event: MouseEvent) => event.shiftKey && event.preventDefault()} @click=${this.point}>${response({ reading, parts: this.partsOf(known), live: this.blocks.starts, shaded, statistics, before, marks: this.withChosen(marks), fold: (thought) => this.toggle(thought) })}</div>`;
  }

  /** Log-probabilities at A, if the shading needs them. */
  private beforeOf({ rollout }: PreparedRollout): Float32Array | null {
    const { selection, selected, groupsBefore, columnsBefore } = this.store;
    const row = selected?.before.row ?? null;
    if (selection.shading !== 'change' || row === null) return null;
    const reading = groupsBefore.of(columnsBefore.idOf(row));
    if (reading.state !== 'read') return null;
    return this.earlier.of([reading.detail, rollout], () => logprobUnder(rollout, reading.detail.rollouts));
  }

  private shadesOf({ read, known: { rollout } }: Shown, before: Float32Array | null): TokenShades | null {
    const { shading } = this.store.selection;
    return this.shades.of([rollout, shading, before], () => shadesOf(read, rollout, shading, before));
  }

  private marksOf(known: PreparedRollout): ResponseMarks {
    const hits = this.found.of([known, this.wanted], () => hitsOf(known, this.wanted));
    return { answer: known.answer?.place ?? null, fork: forkToken(known), hits, now: this.now };
  }

  /** A selection of several tokens is marked in the same way as matches of a search. */
  private withChosen(marks: ResponseMarks): ResponseMarks {
    const [first, last] = this.store.selection.tokens ?? [0, 0];
    return last > first ? { ...marks, hits: [...marks.hits, { start: first - 1, end: last }] } : marks;
  }

  private partsOf({ reading, thoughts }: PreparedRollout) {
    return this.parts.of([reading, ...this.unfolded], () =>
      partsOf(reading, thoughts, (thought) => !this.unfolded.has(thought)),
    );
  }

  private toggle(thought: number): void {
    if (!this.unfolded.delete(thought)) this.unfolded.add(thought);
    this.requestUpdate();
  }

  private search(wanted: string): void {
    this.wanted = wanted;
    this.requestUpdate();
  }

  focusFind(): void {
    this.renderRoot.querySelector<HTMLInputElement>('input')?.focus();
  }

  /** Chooses the next of the most surprising tokens, or the one before. */
  goToSurprising(by: 1 | -1): void {
    const surprising = this.shown?.known.surprising ?? [];
    const { length } = surprising;
    if (length === 0) return;
    const rank = this.now === null ? -1 : surprising.indexOf(this.now);
    const next = rank < 0 ? (by > 0 ? 0 : length - 1) : (rank + by + length) % length;
    this.goTo(surprising[next]!);
  }

  goToFork(): void {
    const { shown } = this;
    const fork = shown && forkToken(shown.known);
    if (fork !== null) this.goTo(fork);
  }

  private nextHit(by: 1 | -1): void {
    const { shown } = this;
    const hits = shown ? this.marksOf(shown.known).hits : [];
    if (hits.length === 0) return;
    const from = this.now ?? (by > 0 ? -1 : Number.POSITIVE_INFINITY);
    const next =
      by > 0
        ? (hits.find(({ start }) => start > from) ?? hits[0]!)
        : (hits.findLast(({ start }) => start < from) ?? hits.at(-1)!);
    this.goTo(next.start);
  }

  /** Shows tokens that were chosen elsewhere, such as by a link. */
  protected override updated(): void {
    const { tokens } = this.store.selection;
    if (!tokens || tokens === this.followed || !this.shown) return;
    this.followed = tokens;
    this.show(tokens[0] - 1);
  }

  /** Chooses the token that was clicked; with Shift all from the chosen one to it. */
  private readonly point = (event: MouseEvent): void => {
    const [target] = event.composedPath() as Element[];
    const token = target?.closest?.('[data-token]')?.getAttribute('data-token');
    if (token == null) return;
    const t = Number(token);
    const from = event.shiftKey ? (this.now ?? t) : t;
    this.now = Math.min(from, t);
    this.choose([this.now + 1, Math.max(from, t) + 1]);
  };

  private choose(tokens: readonly [number, number]): void {
    this.followed = tokens;
    // Nothing else shows the selected tokens, and over the map they change in every frame.
    this.store.selection.tokens = tokens;
    this.requestUpdate();
  }

  /** Chooses a token, and shows it. */
  private goTo(token: number): void {
    const count = this.shown?.known.reading.texts.length ?? 0;
    const t = Math.max(0, Math.min(count - 1, token));
    if (count === 0) return;
    this.choose([t + 1, t + 1]);
    this.show(t);
  }

  /** Shows a token, the nearest that there is, in a thought that is folded too. */
  private show(token: number): void {
    const { shown } = this;
    if (!shown) return;
    const { known } = shown;
    const t = Math.max(0, Math.min(known.reading.texts.length - 1, token));
    this.now = t;
    for (const thought of thoughtsAt(known, t)) this.unfolded.add(thought);
    const block = this.partsOf(known).find(({ kind, start, end }) => kind === 'block' && t >= start && t < end);
    if (block) this.blocks.include(block.start);
    this.requestUpdate();
    void this.updateComplete.then(() =>
      this.renderRoot.querySelector(`[data-token="${t}"]`)?.scrollIntoView({ block: 'center' }),
    );
  }
}
