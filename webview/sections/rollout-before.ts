/** A rollout of cursor A, next to the one of B: its facts and tokens, and where the two diverge. */
import { css, nothing } from 'lit';
import { customElement } from 'lit/decorators.js';
import { integer, plural } from '../../engine/protocol/format.ts';
import type { Rollout } from '../../engine/protocol/group.ts';
import { visible } from '../../engine/protocol/visible.ts';
import type { TokenShades } from '../../engine/runs/token-shades.ts';
import { Component } from '../component.ts';
import { failureNotice } from '../failure-notice.ts';
import type { GroupReading } from '../group-reader.ts';
import { html } from '../html.ts';
import { Remembered } from '../remembered.ts';
import { partingToken, rolloutBefore, stepBefore } from '../rollout-before.ts';
import { rolloutHead } from './rollout/head.ts';
import { LiveBlocks } from './rollout/live-blocks.ts';
import { type PreparedRollout, prepared, shadesOf } from './rollout/prepared.ts';
import { partsOf, response } from './rollout/response.ts';
import { rolloutStyles } from './rollout/styles.ts';

type Read = Extract<GroupReading, { state: 'read' }>;

/** The element of the rollout of A. */
@customElement('rs-rollout-before')
export class RolloutBefore extends Component {
  static override styles = [
    rolloutStyles,
    css`
      .ways {
        display: flex;
        flex-wrap: wrap;
        gap: 2px 10px;
        align-items: baseline;
      }
    `,
  ];
  protected override readonly pane = 'rollout';

  private about = '';
  private unfolded = new Set<number>();
  private readonly blocks = new LiveBlocks(this);
  private readonly prepared = new Remembered<PreparedRollout | undefined>();
  private readonly parting = new Remembered<number | null>();
  private readonly shades = new Remembered<TokenShades | null>();

  override render() {
    return html`<section aria-label="Rollout of A" data-before>
      <div class="ways">
        <b>${this.place()}</b>
        <button class="link" data-action="previous-before" title="K" @click=${() => stepBefore(this.store, -1)}>previous</button>
        <button class="link" data-action="next-before" title="J" @click=${() => stepBefore(this.store, 1)}>next</button>
        ${this.diff()}
        <button class="link" data-action="hide-before" title="b" @click=${() => this.store.selection.showBefore(false)}>hide</button>
      </div>
      ${this.content()}
    </section>`;
  }

  private place(): string {
    const { selected, cursorARun } = this.store;
    const before = selected?.before;
    const run = cursorARun.other ? `, ${visible(cursorARun.other.run)}` : '';
    if (before?.row == null) return `A${run}`;
    return before.step === 0 ? `A${run}, before training` : `A${run}, step ${before.step}`;
  }

  /** Opens both rollouts in the editor's diff. */
  private diff() {
    const { isReadOnly, requests, selected, columns, columnsBefore, groupsBefore, selection, cursorARun } = this.store;
    const { view, before, isSame } = selected ?? {};
    if (isReadOnly || isSame || view?.row == null || before?.row == null) return nothing;
    const [a, b] = [columnsBefore.idOf(before.row), columns.idOf(view.row)];
    const group = groupsBefore.of(a);
    if (group.state !== 'read') return nothing;
    const left = { group: a, rollout: rolloutBefore(this.store, group.detail.rollouts) };
    const right = { group: b, rollout: selection.rolloutIn(columns.groups.columns.rollouts[view.row]!) };
    const run = cursorARun.other?.folder;
    return html`<button class="link" data-action="diff-before" title="Compare the rollouts of A and B in the diff editor" @click=${() => requests.compareRollouts({ ...left, ...(run !== undefined && { run }) }, right)}>Diff with B in editor</button>`;
  }

  private content() {
    const { selected, columnsBefore, groupsBefore } = this.store;
    if (!selected || selected.before.row === null)
      return html`<p class="muted">The problem was not sampled at A or before.</p>`;
    if (selected.isSame)
      return html`<p class="muted">A and B are the same rollouts. Choose another step, or set A to another one (a).</p>`;
    const id = columnsBefore.idOf(selected.before.row);
    const group = groupsBefore.of(id);
    const index = group.state === 'read' ? rolloutBefore(this.store, group.detail.rollouts) : 0;
    // Its tokens: of a large group they are read one by one.
    const reading = group.state === 'read' ? groupsBefore.of(id, index) : group;
    if (reading.state === 'reading') return html`<p class="muted" role="status">Loading rollouts…</p>`;
    if (reading.state === 'failed') return failureNotice('readGroup', reading.failure);
    const known = this.prepared.of([reading.detail, index], () => prepared(reading, index));
    return known ? this.rollout(reading, known) : html`<p class="muted">${plural(0, 'rollout')}</p>`;
  }

  private rollout(read: Read, known: PreparedRollout) {
    const { detail, why } = read;
    const { rollout, index, reading, answer } = known;
    const about = [detail.phase, detail.step, detail.problem, index].join(' ');
    if (about !== this.about) {
      this.about = about;
      this.unfolded = new Set();
      this.blocks.restart(about);
    }
    const other = this.rolloutOfB();
    const parting = this.parting.of([known, other], () => other && partingToken(reading, rollout.text, other.text));
    const { shading } = this.store.selection;
    // The change since A is shown at the rollout of B.
    const shaded = this.shades.of([rollout, shading], () =>
      shading === 'change' ? null : shadesOf(read, rollout, shading, null),
    );
    const marks = { answer: answer?.place ?? null, fork: parting, hits: [], now: null };
    const fold = (thought: number) => {
      if (!this.unfolded.delete(thought)) this.unfolded.add(thought);
      this.requestUpdate();
    };
    return html`<div data-rollout-before=${index + 1} data-answer=${rollout.answer ?? nothing}>
      ${rolloutHead({ rollout, index, rollouts: detail.rollouts.length, answerRule: answer?.rule ?? null, why: why[index] })}
      ${other ? this.parts(parting, known) : nothing}
      ${response({
        reading,
        parts: partsOf(reading, known.thoughts, (thought) => !this.unfolded.has(thought)),
        live: this.blocks.starts,
        shaded,
        statistics: rollout.statistics,
        before: null,
        marks,
        fold,
      })}
    </div>`;
  }

  /** How far it is identical to the rollout of B. */
  private parts(parting: number | null, { reading }: PreparedRollout) {
    if (parting === null) return html`<p class="muted" data-parts="never">The same text as the rollout of B.</p>`;
    const unit = reading.isTokens ? 'token' : 'word';
    const goTo = () => {
      const block = [...this.renderRoot.querySelectorAll<HTMLElement>('[data-block]')].findLast(
        ({ dataset }) => Number(dataset.block) <= parting,
      );
      if (block) this.blocks.include(Number(block.dataset.block));
      this.requestUpdate();
      void this.updateComplete.then(() =>
        this.renderRoot.querySelector(`[data-token="${parting}"]`)?.scrollIntoView({ block: 'center' }),
      );
    };
    return html`<p data-parts=${parting}>Parts from the rollout of B
      <button class="link word" @click=${goTo}>at ${unit} ${integer(parting + 1)}</button></p>`;
  }

  /** The rollout of B that is shown. */
  private rolloutOfB(): Rollout | null {
    const { selected, columns, groups, selection } = this.store;
    const row = selected?.view.row ?? null;
    const group = row === null ? null : groups.of(columns.idOf(row));
    if (row === null || group?.state !== 'read') return null;
    const index = selection.rolloutIn(group.detail.rollouts.length);
    const reading = groups.of(columns.idOf(row), index);
    return reading.state === 'read' ? (reading.detail.rollouts[index] ?? null) : null;
  }
}
