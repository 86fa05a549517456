/** One problem at the selected step: its text, its answers and their counts, and its rollouts. */
import { css, nothing } from 'lit';
import { customElement } from 'lit/decorators.js';
import { fallbackText, signalsOf } from '../../engine/protocol/forecast-text.ts';
import { DASH, plural } from '../../engine/protocol/format.ts';
import type { GroupId } from '../../engine/protocol/group.ts';
import { quantityText } from '../../engine/protocol/quantities.ts';
import { referenceText } from '../../engine/protocol/reference.ts';
import { baseName, sinceText, verdictMark, verdictText } from '../../engine/protocol/texts.ts';
import { shownVerdict, VOTE_TITLES } from '../../engine/protocol/verdict.ts';
import { historyOf } from '../../engine/runs/history.ts';
import { lastOfAxis } from '../charts/domain.ts';
import { type MassStep, massChart, massStyles } from '../charts/mass.ts';
import { confidenceChart, confidenceStyles } from '../charts/scatter.ts';
import { type SlopeLine, slopeStyles } from '../charts/slope.ts';
import { Component } from '../component.ts';
import { menuStyles, saveMenu } from '../export-menu.ts';
import { failureNotice, failureStyles } from '../failure-notice.ts';
import type { PanelRequest } from '../failures.ts';
import type { GroupReading } from '../group-reader.ts';
import { html } from '../html.ts';
import type { ProblemRow } from '../problem-row.ts';
import { Remembered } from '../remembered.ts';
import { shared } from '../styles.ts';
import { answerStyles, answerTable } from './inspector/answers.ts';
import { changeFacts, changeSection } from './inspector/change.ts';
import { correctnessClass, verdictClass } from './inspector/correctness.ts';
import { rewardStyles, rewardsView } from './inspector/rewards.ts';
import {
  BY_ADVANTAGE,
  type OtherReward,
  type RolloutOrder,
  rolloutOrder,
  rolloutTable,
  rolloutTableStyles,
} from './inspector/rollout-table.ts';

/** Milliseconds that a step has to be shown before its rewards are requested, since scrubbing passes many. */
const REQUEST_DELAY_MS = 400;

/** Width from which two charts are next to each other: less cuts the answers next to the lines. CSS pixels. */
const TWO_HALVES = 520;

/** The section of one problem. Its rollouts are requested when the selection changes; a failure can be retried. */
@customElement('rs-inspector')
export class Inspector extends Component {
  static override styles = [
    shared,
    failureStyles,
    answerStyles,
    slopeStyles,
    massStyles,
    confidenceStyles,
    rolloutTableStyles,
    rewardStyles,
    menuStyles,
    css`
      .prompt {
        white-space: pre-wrap;
        overflow-wrap: anywhere;
        max-height: 12em;
        overflow-y: auto;
        margin: 2px 0;
      }
      .halves {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: 12px 20px;
        margin: 4px 0 10px;
      }
      .halves.two {
        grid-template-columns: repeat(2, minmax(0, 1fr));
      }
      .change {
        display: flex;
        flex-wrap: wrap;
        gap: 0 14px;
      }
      .place {
        margin-top: 10px;
      }
      .place::first-letter {
        text-transform: uppercase;
      }
      .prediction {
        margin-top: 2px;
      }
      .prediction summary {
        cursor: pointer;
      }
      .from-to {
        display: flex;
        flex-wrap: wrap;
        gap: 0 10px;
        align-items: baseline;
        justify-content: space-between;
      }
      .from-to .acts {
        display: flex;
        gap: 4px;
        align-items: baseline;
        margin-left: auto;
      }
      .head {
        display: flex;
        flex-wrap: wrap;
        gap: 0 10px;
        align-items: baseline;
      }
      a {
        color: var(--vscode-textLink-foreground);
        cursor: pointer;
      }
    `,
  ];
  protected override readonly pane = 'problem';

  /** The order of the rollouts. */
  private order: RolloutOrder = BY_ADVANTAGE;
  private showsRewards = false;
  /** The history of the problem that is shown: it does not change with the step. */
  private readonly known = new Remembered<MassStep[]>();
  private asking: ReturnType<typeof setTimeout> | undefined;

  override render() {
    const row = this.store.selected;
    if (!row) return html`<p class="muted">Select a problem to see its rollouts.</p>`;
    const { problem, view } = row;
    const line = problem.line === null ? `row ${problem.row + 1}` : `line ${problem.line}`;
    const reveal = () => this.store.requests.revealProblem(problem.index);
    return html`
      <div class="head" data-problem=${problem.id}>
        <h2>Problem ${problem.id}</h2>
        ${
          this.store.isReadOnly
            ? html`<span class="muted">${baseName(problem.source)}, ${line}</span>`
            : html`<a role="button" tabindex="0" @click=${reveal} @keydown=${(e: KeyboardEvent) => e.key === 'Enter' && reveal()}>${baseName(problem.source)}, ${line}</a>`
        }
      </div>
      ${this.failure('revealProblem')}
      <div class="prompt">${problem.text}</div>
      <div>
        reference <b class="mono">${referenceText(problem) ?? DASH}</b> · ${view.status === 'tie' || view.status === 'single' ? VOTE_TITLES[view.status] : 'majority'}
        <b class="mono ${verdictClass(shownVerdict(view))}">${view.answer ?? DASH}</b>
        ${this.history(view)}
      </div>
      ${changeFacts(row)}
      ${this.prediction(row)}
      ${view.row === null ? html`<p class="muted">Not sampled yet.</p>` : this.group(row, view.row)}
    `;
  }

  /** Since when the majority is right or wrong, and until when it was not. */
  private history(view: ProblemRow['view']) {
    const { phase, since, flip } = view;
    if (phase === 'probe') return nothing;
    const answer =
      since.answer === null || since.answer === since.verdict
        ? nothing
        : html`<span class="muted">${sinceText(since.answer)}</span>`;
    const verdict = shownVerdict(view);
    if (since.verdict === null || verdict === 'unknown') return answer;
    const until = flip && flip.from !== 'unknown' ? `, ${flip.from} until step ${flip.until}` : '';
    return html`${answer} · <b class=${verdictClass(verdict)}>${verdict} ${sinceText(since.verdict)}</b>${until}`;
  }

  /** The problem's forecast with its signals, and the outcome. */
  private prediction({ view: { prediction, outcome } }: ProblemRow) {
    if (!prediction) return nothing;
    const { answer, majority, right, likelyWrong } = prediction;
    const by = fallbackText(this.store.columns.head.forecast!);
    const predicted =
      answer === null
        ? 'no predicted majority'
        : html`predicted majority <b class="mono">${answer}</b>
            ${majority ? nothing : html`<span class="muted">(not the majority at the time)</span>`} · P(correct) =
            <b>${quantityText('probability', right)}</b>${likelyWrong ? ', predicted wrong' : ''}`;
    return html`<div class="prediction" data-predicted=${answer === null ? 'none' : likelyWrong ? 'wrong' : 'correct'} data-outcome=${verdictText(outcome)}>
      ${predicted}
      ${by ? html`<span class="muted">(${by})</span>` : nothing}
      ${outcome === null ? nothing : html`· <span title="According to the votes that scored the forecast after the last step">outcome</span> <span class=${correctnessClass(outcome)}>${verdictMark(outcome)} ${verdictText(outcome)}</span>`}
      <details><summary class="muted">signals of the prediction</summary><div class="muted">${signalsOf(prediction)
        .map(({ name, value }) => `${name} ${value}`)
        .join(' · ')}</div></details>
    </div>`;
  }

  private group(row: ProblemRow, shown: number) {
    const { problem, view } = row;
    const { columns, columnsBefore, groups, cursorARun } = this.store;
    const two = this.width >= TWO_HALVES;
    const half = two ? Math.floor((this.width - 20) / 2) : this.width;
    const steps = lastOfAxis(columns.step, this.store.info?.steps ?? null);
    const history = this.known.of([columns, problem.index, columns.rowsOf(problem.index).length], () =>
      historyOf(columns, problem.index).map((point) => ({ ...point, clusters: columns.clustersOf(point.row) })),
    );
    const place =
      view.phase === 'probe' ? 'probe' : `${view.phase === 'evaluation' ? 'evaluation at ' : ''}step ${view.step}`;
    const reading = groups.of(columns.idOf(shown));
    return html`
      <div class="place muted">${place} · ${plural(view.rollouts, 'rollout')}${view.truncated ? ` · ${view.truncated} truncated at the length limit` : ''}${view.unanswered > 0 ? ` · ${view.unanswered} without an answer` : ''}</div>
      <div class="halves ${two ? 'two' : ''}" data-phase=${view.phase} data-step=${view.step}>
        <section>
          <h2>Answers</h2>
          ${answerTable(columns.clustersOf(shown), view.rollouts, view.unanswered)}
        </section>
        ${changeSection(
          { columns, columnsBefore, cursorARun: cursorARun.other?.run ?? null },
          row,
          half,
          () => this.beside(),
          (lines) => this.slopeMenu(problem.id, lines),
        )}
        ${
          history.length > 1
            ? html`<section>
                <h2>Answer distribution by step</h2>
                <svg width=${half} height="110" role="img" aria-label="Answer distribution by step">${massChart(history, half, 110, steps, this.store.selection.step)}</svg>
              </section>`
            : nothing
        }
        ${
          reading.state === 'read' && reading.detail.rollouts.some(({ logprob }) => logprob !== null)
            ? html`<section>
                <h2 title="Mean log-probability of each rollout, nats/token">Confidence${columns.head.labeled ? ' vs. correctness' : ''}</h2>
                <svg width=${half} height="96" role="img" aria-label="Confidence of each rollout">${confidenceChart(reading.detail.rollouts, half, 96, this.store.selection.rollout)}</svg>
              </section>`
            : nothing
        }
      </div>
      ${this.rollouts(reading)}
    `;
  }

  private slopeMenu(problem: string, lines: readonly SlopeLine[]) {
    return saveMenu(this.store, {
      name: `answers-${problem}`,
      title: `Answers of ${problem} from A to B`,
      drawing: () => this.renderRoot.querySelector<SVGSVGElement>('[data-change] svg'),
      table: () => ({
        head: ['answer', 'correct', 'share at A', 'share at B'],
        rows: lines.map(({ answer, correct, from, to }) => [
          ...[answer, correct === null ? null : String(correct)],
          ...[from, to],
        ]),
      }),
    });
  }

  /** The rollouts once they have been read; after a failure, the reason and a way to retry. */
  private rollouts(reading: GroupReading) {
    if (reading.state === 'reading') return html`<p class="muted" role="status">Loading rollouts…</p>`;
    if (reading.state === 'failed') return failureNotice('readGroup', reading.failure);
    const { rollouts, phase } = reading.detail;
    const index = this.store.selection.rolloutIn(rollouts.length);
    const imported = this.store.info?.origin.engine !== 'rollscope';
    const group = { phase, step: reading.detail.step, problem: reading.detail.problem };
    return html`
      ${
        !this.store.canCompute
          ? nothing
          : rewardsView({
              reader: this.store.rewards,
              group,
              chosen: this.store.selection.rewards,
              isOpen: this.showsRewards,
              open: (isOpen) => {
                this.showsRewards = isOpen;
                this.requestUpdate();
              },
              toggle: (name) => this.store.selection.toggleReward(name),
            })
      }
      ${this.failure('rescore')}
      ${rolloutTable({
        phase,
        rollouts,
        imported,
        others: this.others(group),
        order: this.order,
        sortBy: (order) => {
          this.order = order;
          this.requestUpdate();
        },
        chosen: index,
        choose: (other) => {
          this.store.selection.layout.turnTo('rollout');
          this.store.selection.selectRollout(other);
        },
        step: (by) => this.step(by),
      })}
    `;
  }

  /** Shows a rollout of A next to one of B, in the pane for rollouts. */
  private beside(): void {
    const { selection } = this.store;
    selection.layout.turnTo('rollout');
    selection.showBefore(true);
  }

  /** The rewards that are shown as columns, as far as they are known. */
  private others(group: GroupId): OtherReward[] {
    const scores = this.store.rewards.ofGroup(group);
    return this.store.selection.rewards.map((name) => ({ name, scores: scores?.[name] ?? null }));
  }

  protected override updated(): void {
    this.askForRewards();
  }

  /** Asks for the rewards of the step that is shown, once it has been shown for a moment. */
  private askForRewards(): void {
    const { selected, columns, selection, rewards } = this.store;
    clearTimeout(this.asking);
    const row = selected?.view.row ?? null;
    if (row === null || (!this.showsRewards && selection.rewards.length === 0)) return;
    const { phase, step } = columns.idOf(row);
    this.asking = setTimeout(() => rewards.ask({ phase, step, problem: null }), REQUEST_DELAY_MS);
  }

  /** Chooses the rollout that is `by` places further in the table. */
  step(by: number): void {
    const { selected, groups, columns, selection } = this.store;
    const row = selected?.view.row ?? null;
    if (row === null) return;
    const reading = groups.of(columns.idOf(row));
    if (reading.state !== 'read') return;
    const { rollouts } = reading.detail;
    const indices = rolloutOrder(rollouts, this.order, this.others(reading.detail));
    const now = indices.indexOf(selection.rolloutIn(rollouts.length));
    const next = indices[Math.max(0, Math.min(indices.length - 1, now + by))];
    if (next === undefined) return;
    selection.selectRollout(next);
    void this.updateComplete.then(() =>
      this.renderRoot.querySelector(`tr[data-rollout="${next + 1}"]`)?.scrollIntoView({ block: 'nearest' }),
    );
  }

  private failure(request: PanelRequest) {
    const { failures } = this.store;
    return failureNotice(request, failures.of(request), () => failures.clear(request));
  }
}
