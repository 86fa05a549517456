/**
 * One line that answers whether the run is healthy: the diagnosis and the measurements behind it. Each part filters the
 * problems or goes to a step.
 */
import { css, nothing, type TemplateResult } from 'lit';
import { customElement } from 'lit/decorators.js';
import { type Diagnosis, diagnosisMeaning, diagnosisText, severityOf } from '../../engine/protocol/diagnosis.ts';
import type { Estimate } from '../../engine/protocol/estimate.ts';
import { fallbackText } from '../../engine/protocol/forecast-text.ts';
import { integer, percent } from '../../engine/protocol/format.ts';
import { quantityText } from '../../engine/protocol/quantities.ts';
import { oneLine } from '../../engine/protocol/texts.ts';
import { CONFIDENT } from '../../engine/protocol/verdict.ts';
import { type BeforeAfter, diagnosisAt, warningContext } from '../../engine/runs/diagnosis.ts';
import { lastHealthyStep } from '../../engine/runs/healthy.ts';
import { hasAnswerChanged, moveOf, type SpreadAnswer, spreadAnswer } from '../../engine/runs/moves.ts';
import { type Facts, runFacts } from '../../engine/runs/run-facts.ts';
import { collapseWarningAt } from '../../engine/runs/watch.ts';
import { Component } from '../component.ts';
import { html } from '../html.ts';
import type { ProblemRow } from '../problem-row.ts';
import { Remembered } from '../remembered.ts';
import { shared } from '../styles.ts';

const MAX_ANSWER_LENGTH = 24;
/** Below this width, in CSS pixels, some of the measurements are shown only on request. */
const NARROW = 560;
const UNLIKELY = 'lead<0';
const CONFIDENT_WRONG = `share>${CONFIDENT} majority:wrong`;

/** The element of the line. */
@customElement('rs-diagnosis')
export class DiagnosisLine extends Component {
  static override styles = [
    shared,
    css`
      :host {
        display: block;
        container-type: inline-size;
        border-bottom: 1px solid var(--rule);
      }
      .line {
        display: flex;
        flex-wrap: wrap;
        gap: 3px 16px;
        align-items: center;
        padding: 4px 12px;
      }
      .more {
        display: none;
      }
      /* Where all of it would leave no room for the panes: what is most telling, and the rest when it is asked for. */
      @container (max-width: ${NARROW}px) {
        .more {
          display: inline;
        }
        .line:not(.all) :is([data-part='maj'], [data-part='pass'], [data-part='no-gradient'], [data-part='truncated'], .fact:not(:has([data-beside]))) {
          display: none;
        }
      }
      .word {
        padding: 1px 9px;
        border: 1px solid var(--rule);
        border-radius: 10px;
        font-weight: 600;
      }
      .word.bad {
        border-color: var(--wrong);
        color: var(--wrong-text, var(--wrong));
      }
      .word.warning {
        border-color: var(--highlight);
      }
      .word.good {
        border-color: var(--correct);
        color: var(--correct-text, var(--correct));
      }
      .part b,
      .part .muted {
        white-space: nowrap;
      }
      .part b {
        font-weight: 600;
      }
      /* One text: reasons that are longer than a line begin where there is room. */
      .fact {
        min-width: 0;
      }
      .fact > :not(:last-child) {
        margin-right: 8px;
      }
    `,
  ];

  /** Whether a narrow line shows everything. */
  private isWhole = false;
  private readonly known = new Remembered<ReturnType<typeof diagnosisAt> & { facts: Facts }>();
  private readonly counted = new Remembered<ReturnType<typeof countsOf> & { common: SpreadAnswer | null }>();

  override render() {
    const { columns, info, selection } = this.store;
    if (!info) return nothing;
    if (info.job === 'probe') return this.line(html`${this.counts()} ${this.forecast()}`);
    const { at } = selection;
    const { diagnosis, comparison, facts } = this.known.of([columns, columns.seq, columns.head, at], () => ({
      ...diagnosisAt(columns, at),
      facts: runFacts(columns, at),
    }));
    if (columns.step === 0) return this.line(this.forecast());
    const { kind, since } = diagnosis;
    const word = diagnosisText(diagnosis);
    const meaning = diagnosisMeaning(kind);
    const attributes = { kind, gravity: severityOf(kind) };
    const content = html`
      ${
        since === null
          ? html`<span class="word ${attributes.gravity}" role="status" data-diagnosis=${kind} title=${meaning}>${word}</span>`
          : html`<button class="link word ${attributes.gravity}" data-diagnosis=${kind} data-since=${since} title="${meaning}\nGo to step ${since}" @click=${() => selection.lookAt(since)}>${word}</button>`
      }
      ${this.actions(diagnosis)} ${comparison ? this.accuracies(comparison) : nothing} ${this.rates(facts)} ${this.counts()} ${this.watch(comparison)} ${this.forecast()}
      <button class="link more muted" aria-expanded=${this.isWhole} @click=${this.toggle}>${this.isWhole ? 'Show less' : 'Show all measurements'}</button>
    `;
    return this.line(content);
  }

  private readonly toggle = (): void => {
    this.isWhole = !this.isWhole;
    this.requestUpdate();
  };

  private line(content: unknown) {
    return html`<div class="line ${this.isWhole ? 'all' : ''}">${content}</div>`;
  }

  /** What to do about a run with an alarm, as in the alarm's notification. */
  private actions({ kind, since }: Diagnosis) {
    const { store } = this;
    const { columns, info, isReadOnly, selection } = store;
    if (!info || severityOf(kind) === 'good' || severityOf(kind) === 'neutral') return nothing;
    const look =
      since === null || selection.step === since
        ? nothing
        : html`<vscode-button data-action="look-at-since" @click=${() => selection.lookAt(since)}>Look at step ${since}</vscode-button>`;
    if (isReadOnly) return look;
    const isOwn = info.job === 'train' && columns.head.run?.config != null;
    const healthy = isOwn
      ? lastHealthyStep(
          columns,
          columns.head.checkpoints.map(({ step }) => step),
        )
      : null;
    // To pause or to stop it are buttons of the header, just above.
    return html`${look}
      ${healthy === null ? nothing : html`<vscode-button appearance="secondary" data-action="fork-healthy" title="Start a new run from the last checkpoint before the first sign, with other settings" @click=${() => store.requests.control('fork-healthy')}>Fork from step ${healthy}…</vscode-button>`}`;
  }

  /** Before and after, with the interval of the latter. */
  private accuracies({ source, before, after }: BeforeAfter) {
    const { selection } = this.store;
    const k = after.samples;
    const of = source === 'evaluation' ? 'evaluations' : 'training rollouts';
    const part = (name: string, key: string, from: Estimate | null, to: Estimate | null) => {
      if (!from || !to) return nothing;
      const title = `${name} of the ${of} before training: ${quantityText('accuracy', from)}; at step ${after.step}: ${quantityText('accuracy', to)} (95% confidence intervals)\nGo to step ${after.step}`;
      const interval = html`<span class="muted">(${quantityText('accuracy', to.low)} to ${quantityText('accuracy', to.high)})</span>`;
      return html`<button class="link part" data-part=${key} title=${title} @click=${() => selection.lookAt(after.step)}>
        ${name} <b>${quantityText('accuracy', from.mean)} → ${quantityText('accuracy', to.mean)}</b> ${key === 'avg' ? interval : nothing}${key === 'avg' && source === 'train' ? html` <span class="muted">of training rollouts</span>` : nothing}</button>`;
    };
    const { majorityShare: share } = after;
    return html`${part(`avg@${k}`, 'avg', before.accuracy, after.accuracy)}
      ${part(`maj@${k}`, 'maj', before.majorityAccuracy, after.majorityAccuracy)}
      ${part(`pass@${k}`, 'pass', before.passAtK, after.passAtK)}
      ${after.accuracy === null ? html`<button class="link part" data-part="share" title="Mean majority share of the ${of} before training and at step ${after.step}\nGo to step ${after.step}" @click=${() => selection.lookAt(after.step)}>majority share <b>${quantityText('share', before.majorityShare)} → ${quantityText('share', share)}</b></button>` : nothing}`;
  }

  /** What the step's rewards and responses look like. */
  private rates({ gap, widest, equal, mostEqual, groups, truncated, mostTruncated }: Facts) {
    const { selection } = this.store;
    const parts: TemplateResult[] = [];
    if (gap !== null)
      parts.push(
        html`<button class="link part" data-part="gap" title="Proxy reward minus ground-truth reward at this step\nGo to step ${widest}, where it is largest" @click=${() => selection.lookAt(widest)}>gap <b>${quantityText('share', gap)}</b></button>`,
      );
    if (equal !== null && groups > 0)
      parts.push(
        html`<button class="link part" data-part="no-gradient" title="Groups at this step whose rewards are all equal\nGo to step ${mostEqual}, where there are most of them" @click=${() => selection.lookAt(mostEqual)}>no gradient <b>${percent(equal / groups)}</b> <span class="muted">of groups</span></button>`,
      );
    if (truncated !== null && truncated >= 0.005)
      parts.push(
        html`<button class="link part" data-part="truncated" title="Responses at this step that were truncated at the length limit\nGo to step ${mostTruncated}, where there are most of them" @click=${() => selection.lookAt(mostTruncated)}>truncated <b>${percent(truncated)}</b></button>`,
      );
    return parts;
  }

  /** The numbers of problems that deserve a look. */
  private counts() {
    const { rows, columns } = this.store;
    const parts: unknown[] = [];
    const { wrong, wrongBefore, fresh, switched, unstable, unlikely, unanswered, common } = this.counted.of(
      [rows],
      () => ({
        ...countsOf(rows, columns.head.labeled),
        common: spreadAnswer(rows),
      }),
    );
    if (columns.head.labeled) {
      const change = wrong - wrongBefore;
      parts.push(
        this.filterPart(
          'confident-wrong',
          CONFIDENT_WRONG,
          html`confident & wrong <b>${wrong}</b>${change === 0 ? nothing : html` <span class="muted">${change > 0 ? `+${change}` : change}</span>`}`,
          'Problems with a wrong majority that has a large share, and how their number changed since A',
        ),
      );
      if (fresh > 0)
        parts.push(
          this.filterPart(
            'new-wrong',
            `${CONFIDENT_WRONG} broke`,
            html`<b>${fresh} new</b>`,
            'Problems whose majority was correct at A',
          ),
        );
    } else {
      parts.push(
        this.filterPart(
          'switched',
          'switched',
          html`switched <b>${switched}</b>`,
          'Problems whose majority answer differs from that at A',
        ),
      );
      parts.push(
        this.filterPart(
          'unstable',
          'share<0.5',
          html`majority share below 0.5 <b>${unstable}</b>`,
          'Problems without an absolute majority',
        ),
      );
      if (unlikely > 0)
        parts.push(
          this.filterPart(
            'unlikely',
            UNLIKELY,
            html`vote against likelihood <b>${unlikely}</b>`,
            'Problems whose other rollouts are more likely than those of the majority: the two measures of confidence disagree',
          ),
        );
    }
    if (common) parts.push(this.spreadAnswerPart(common));
    if (unanswered > 0)
      parts.push(
        this.filterPart(
          'unanswered',
          'vote:unanswered',
          html`no answer <b>${unanswered}</b>`,
          'Problems without an answer in any rollout',
        ),
      );
    return parts;
  }

  /** An answer that has become the majority of many problems, as in a policy that no longer reads them. */
  private spreadAnswerPart({ answer, now, before, of }: SpreadAnswer) {
    const text = html`answer <b class="mono">${oneLine(answer, MAX_ANSWER_LENGTH)}</b> is the majority of <b>${now}</b> <span class="muted">of ${of}, ${before} at A</span>`;
    const title = 'The answer that is the majority of most problems, and has spread since A';
    // A filter is one line, and a text with spaces is between quotation marks.
    if (/["\n\r]/.test(answer)) return html`<span class="part" data-part="common" title=${title}>${text}</span>`;
    return this.filterPart('common', `answer:${/\s/.test(answer) ? `"${answer}"` : answer}`, text, title);
  }

  /** A part that shows the problems that it counts; again, all of them. */
  private filterPart(key: string, filter: string, content: TemplateResult, title: string) {
    const { selection } = this.store;
    const on = selection.filter === filter;
    return html`<button class="link part" data-part=${key} aria-pressed=${on} title="${title}\nShow these problems in the list" @click=${() => selection.setFilter(on ? '' : filter)}>${content}</button>`;
  }

  /** The last warning of the collapse watch at the selected step, or that there was none. */
  private watch(comparison: BeforeAfter | null) {
    const { columns, info, selection } = this.store;
    const config = columns.head.run?.config;
    const warning = collapseWarningAt(columns, selection.at);
    // Whether an import of an earlier version was watched is not known.
    if (!warning && (!config || info?.job !== 'train' || config.watch === 'off')) return nothing;
    const level = warning?.level ?? 'quiet';
    const text = { quiet: 'no alarms', watch: 'early signs of collapse', collapse: 'possible collapse' }[level];
    return html`<span class="fact" data-watch=${level} data-since=${warning?.since ?? nothing} title=${warning?.message ?? 'No alarms so far.'}>
      <span class=${warning ? '' : 'muted'} role="status">collapse watch: ${text}${warning ? ` since step ${warning.since}` : ''}</span>
      ${warning ? html`<span class="muted" data-part="reasons">${warning.reasons.join('; ')}</span>` : nothing}
      ${warning ? this.warningPart(comparison, warning.step) : nothing}
    </span>`;
  }

  /** Why there can be an alarm although the accuracy has not fallen. */
  private warningPart(comparison: BeforeAfter | null, warned: number) {
    const { columns, selection } = this.store;
    const latest = selection.step === null ? comparison : diagnosisAt(columns).comparison;
    const beside = warningContext(comparison, latest, warned);
    if (!beside) return nothing;
    const { accuracy, step, later } = beside;
    if (accuracy === 'risen')
      return html`<span class="muted" data-beside="risen">overruled: accuracy has risen by step ${step}</span>`;
    const [before, after] = [later?.before.accuracy, later?.after.accuracy];
    const fell =
      before && after
        ? html`, and fell by step ${later!.after.step}: <b>${quantityText('accuracy', before.mean)} → ${quantityText('accuracy', after.mean)}</b>`
        : nothing;
    return html`<span class="muted" data-beside="standing" title="The collapse watch does not use references; its signals change before accuracy does.">detected without references; accuracy had not fallen by step ${step}${fell}</span>`;
  }

  /** The forecast for all problems, and its score at the end. */
  private forecast() {
    const { forecast, forecastScore: score } = this.store.columns.head;
    if (!forecast?.accuracy) return nothing;
    const { mean, low, high } = forecast.accuracy;
    const by = fallbackText(forecast);
    const how = score
      ? `\n95% confidence interval ${quantityText('accuracy', low)} to ${quantityText('accuracy', high)} · AUROC ${quantityText('auroc', score.auroc?.mean)} · Brier score ${quantityText('brier', score.brier.mean)}, base-rate baseline ${quantityText('brier', score.baseBrier)}`
      : '';
    const about = `Predicted before step 1 from label-free signals${by ? `, ${by}` : ''}.${how}`;
    return html`<span class="fact" title=${about} data-predicted=${quantityText('accuracy', mean)} data-measured=${score ? quantityText('accuracy', score.actual.mean) : nothing}>
      <span>forecast: majority accuracy <b>${quantityText('accuracy', mean)}</b>${score ? nothing : html` <span class="muted">(${quantityText('accuracy', low)} to ${quantityText('accuracy', high)})</span>`}</span>
      ${by ? html`<span class="muted">${by}</span>` : nothing}
      ${
        score
          ? html`<span>measured <b>${quantityText('accuracy', score.actual.mean)}</b></span>`
          : html`<span class="muted">expected wrong majorities: ${quantityText('expectedProblems', forecast.wrong)} of ${integer(Object.keys(forecast.problems).length)}</span>`
      }
    </span>`;
  }
}

/** Counts the problems that deserve a look, in one pass. */
function countsOf(rows: readonly ProblemRow[], labeled: boolean) {
  const counts = { wrong: 0, wrongBefore: 0, fresh: 0, switched: 0, unstable: 0, unlikely: 0, unanswered: 0 };
  for (const row of rows) {
    const { view, before } = row;
    const { status, share } = view;
    if (status === 'majority' && view.quadrant === 'confident-wrong') {
      counts.wrong++;
      if (moveOf(row) === 'broke') counts.fresh++;
    }
    if (before.status === 'majority' && before.quadrant === 'confident-wrong') counts.wrongBefore++;
    if (hasAnswerChanged(row)) counts.switched++;
    if (share !== null && share < 0.5) counts.unstable++;
    if (!labeled && (view.lead ?? 0) < 0) counts.unlikely++;
    if (status === 'unanswered') counts.unanswered++;
  }
  return counts;
}
