/** One problem at the step that is looked at: what was asked, what it answers and how often, and each rollout. */
import { css, html, nothing, svg, unsafeCSS } from 'lit';
import { customElement } from 'lit/decorators.js';
import { signalsOf, standIn } from '../../engine/protocol/forecast-text.ts';
import { baseName, DASH, number, share, whole } from '../../engine/protocol/format.ts';
import type { ClusterCount, Phase, Rollout } from '../../engine/protocol/group.ts';
import { SHADES, shadeOf } from '../../engine/protocol/shades.ts';
import type { Verdict } from '../../engine/protocol/verdict.ts';
import { massChart } from '../charts/mass.ts';
import { confidenceChart } from '../charts/scatter.ts';
import { Component } from '../component.ts';
import type { GroupReading } from '../group-reader.ts';
import type { ProblemRow } from '../problem-row.ts';
import { shared } from '../styles.ts';

const BAR = 110;

@customElement('rs-inspector')
export class Inspector extends Component {
  static override styles = [
    shared,
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
        margin: 10px 0;
      }
      .halves.two {
        grid-template-columns: repeat(2, minmax(0, 1fr));
      }
      .halves h2 {
        white-space: nowrap;
        overflow: hidden;
        text-overflow: ellipsis;
      }
      .rollouts,
      .rollout {
        margin-top: 12px;
      }
      .answer {
        max-width: 14em;
        overflow: hidden;
        text-overflow: ellipsis;
      }
      .bar,
      .layer.unknown0 {
        fill: var(--accent);
      }
      .bar.is-correct,
      .layer.is-correct {
        fill: var(--correct);
      }
      .bar.is-wrong,
      .layer.is-wrong {
        fill: var(--wrong);
      }
      .layer {
        fill: var(--muted);
        fill-opacity: 0.8;
        stroke: var(--vscode-editor-background);
        stroke-width: 0.5;
      }
      .point {
        fill: none;
        stroke: var(--accent);
        stroke-width: 1.3;
      }
      .point.is-correct {
        stroke: var(--correct);
      }
      .point.is-wrong {
        stroke: var(--wrong);
      }
      .point.chosen {
        stroke: var(--vscode-foreground);
        stroke-width: 2.5;
      }
      .advantage {
        fill: var(--accent);
      }
      .advantage.minus {
        fill: var(--truth);
      }
      .rollouts tr {
        cursor: pointer;
      }
      .tokens {
        font-family: var(--vscode-editor-font-family);
        font-size: var(--vscode-editor-font-size);
        white-space: pre-wrap;
        overflow-wrap: anywhere;
        margin: 6px 0;
        line-height: 1.6;
      }
      .prediction {
        margin-top: 2px;
      }
      ${shades()}
      .head {
        display: flex;
        gap: 10px;
        align-items: baseline;
      }
      a {
        color: var(--vscode-textLink-foreground);
        cursor: pointer;
      }
    `,
  ];

  override render() {
    const row = this.store.selected;
    if (!row) return html`<p class="muted">Choose a problem to see its rollouts.</p>`;
    const { problem, view } = row;
    const line = problem.line === null ? `row ${problem.row + 1}` : `line ${problem.line}`;
    const reveal = () => this.store.revealProblem(problem.index);
    return html`
      <div class="head">
        <h2>Problem ${problem.id}</h2>
        <a role="button" tabindex="0" @click=${reveal} @keydown=${(e: KeyboardEvent) => e.key === 'Enter' && reveal()}>${baseName(problem.source)}, ${line}</a>
      </div>
      <div class="prompt">${problem.text}</div>
      <div>
        reference <b class="mono">${problem.answer ?? DASH}</b> · majority
        <b class="mono ${view.answer === null ? '' : verdictClass(view.verdict)}">${view.answer ?? DASH}</b>
        ${view.status === 'tie' ? html`<span class="muted">(tie)</span>` : nothing}
        ${view.since.answer === null || view.phase === 'probe' ? nothing : html`<span class="muted">since step ${view.since.answer}</span>`}
      </div>
      ${this.prediction(row)}
      ${view.row === null ? html`<p class="muted">Not sampled yet.</p>` : this.group(row, view.row)}
    `;
  }

  /** What was predicted of the problem, from which signals, and how it turned out. */
  private prediction({ view: { prediction, outcome } }: ProblemRow) {
    if (!prediction) return nothing;
    const { answer, majority, right, likelyWrong } = prediction;
    const by = standIn(this.store.columns.head.forecast!);
    return html`<div class="prediction">
      forecast <b class="mono">${answer ?? DASH}</b>${answer === null ? ' no predicted majority' : ''}
      ${majority || answer === null ? nothing : html`<span class="muted">not the majority then</span>`} · P(correct) =
      <b>${share(right)}</b>${likelyWrong ? ', likely wrong' : ''}
      ${by ? html`<span class="muted">(${by})</span>` : nothing}
      ${outcome === null ? nothing : html`· <span title="By the vote that scored the forecast, after the last step">ended</span> <span class=${outcome ? 'correct' : 'wrong'}>${truthMark(outcome)} ${outcome ? 'correct' : 'wrong'}</span>`}
      <div class="muted">${signalsOf(prediction)
        .map(({ name, value }) => `${name} ${value}`)
        .join(' · ')}</div>
    </div>`;
  }

  private group({ problem, view }: ProblemRow, row: number) {
    const { columns, groups } = this.store;
    const two = this.width > 440;
    const half = two ? Math.floor((this.width - 20) / 2) : this.width;
    const steps = Math.max(this.store.info?.steps ?? 1, columns.step);
    const history = columns.phaseRows(problem.index, 'train').map((at) => ({
      step: columns.groups.columns.step[at]!,
      rollouts: columns.groups.columns.rollouts[at]!,
      clusters: columns.clustersOf(at),
    }));
    const place =
      view.phase === 'probe' ? 'probe' : `${view.phase === 'evaluation' ? 'evaluation at ' : ''}step ${view.step}`;
    const reading = groups.of(columns.idOf(row));
    return html`
      <div class="halves ${two ? 'two' : ''}">
        <section>
          <h2>Answers<span class="value">${place} · ${view.rollouts} rollouts</span></h2>
          ${this.answers(columns.clustersOf(row), view.rollouts, view.unanswered)}
        </section>
        ${
          history.length > 1
            ? html`<section>
                <h2>Answer mass over the steps</h2>
                <svg width=${half} height="110" role="img" aria-label="Answer mass over the steps">${massChart(history, half, 110, steps, this.store.step)}</svg>
              </section>`
            : nothing
        }
        ${
          reading.state === 'read'
            ? html`<section>
                <h2>Confidence${columns.head.labeled ? ', right or wrong' : ''}</h2>
                <svg width=${half} height="96" role="img" aria-label="Confidence of each rollout">${confidenceChart(reading.detail.rollouts, half, 96, this.store.rollout)}</svg>
              </section>`
            : nothing
        }
      </div>
      ${this.rollouts(row, reading)}
    `;
  }

  private answers(clusters: readonly ClusterCount[], rollouts: number, unanswered: number) {
    const rows = clusters.slice(0, 8);
    const more = clusters.length - rows.length;
    const row = (answer: string, count: number, correct: boolean | null) => html`<tr>
      <td class="mono answer" title=${answer}>${answer}</td>
      <td class=${truthClass(correct)}>${truthMark(correct)}</td>
      <td><svg width=${BAR} height="11" aria-hidden="true"><rect class="bar ${correct === null ? '' : correct ? 'is-correct' : 'is-wrong'}" width=${(BAR * count) / rollouts} height="11"></rect></svg></td>
      <td class="number">${count}</td>
    </tr>`;
    return html`<table>
      <tbody>
        ${rows.map(({ answer, count, correct }) => row(answer, count, correct))}
        ${unanswered > 0 ? row('no answer', unanswered, null) : nothing}
      </tbody>
    </table>
    ${more > 0 ? html`<span class="muted">and ${more} more answers</span>` : nothing}`;
  }

  /** The rollouts once they are read; where that failed, why, and a way to try again. */
  private rollouts(row: number, reading: GroupReading) {
    if (reading.state === 'reading') return html`<p class="muted" role="status">Reading the rollouts…</p>`;
    if (reading.state === 'failed') {
      const { message, hint } = reading.error;
      return html`<div class="failed" role="alert">
        <p>${message} ${hint ?? nothing}</p>
        <vscode-button appearance="secondary" @click=${() => this.store.groups.again(this.store.columns.idOf(row))}>Try again</vscode-button>
      </div>`;
    }
    const { rollouts, phase } = reading.detail;
    return html`${this.table(phase, rollouts)} ${this.rollout(row, rollouts, reading.why)}`;
  }

  private table(phase: Phase, rollouts: readonly Rollout[]) {
    const trained = rollouts.filter((r) => r.advantage !== null).length;
    const order = rollouts
      .map((_, i) => i)
      .sort((a, b) => (rollouts[b]!.advantage ?? -9) - (rollouts[a]!.advantage ?? -9) || a - b);
    const largest = Math.max(0.1, ...rollouts.map((r) => Math.abs(r.advantage ?? 0)));
    const title =
      phase === 'train'
        ? `${trained} trained of ${rollouts.length} · by advantage`
        : `${rollouts.length}, none trained`;
    return html`<section class="rollouts">
      <h2>Rollouts<span class="value">${title}</span></h2>
      <table>
        <thead>
          <tr><th class="number">#</th><th>answer</th><th class="number">reward</th><th>advantage</th><th class="number">log-prob</th><th class="number">tokens</th><th>end</th></tr>
        </thead>
        <tbody>
          ${order.map((i) => {
            const r = rollouts[i]!;
            return html`<tr
              tabindex="0"
              aria-selected=${i === this.chosen(rollouts)}
              @click=${() => this.store.selectRollout(i)}
              @keydown=${(event: KeyboardEvent) => event.key === 'Enter' && this.store.selectRollout(i)}
            >
              <td class="number muted">${i + 1}</td>
              <td class="mono answer ${truthClass(r.correct)}">${r.answer ?? DASH}</td>
              <td class="number">${rewardText(r.reward)}</td>
              <td>${this.advantage(r.advantage, largest)}</td>
              <td class="number">${number(r.logprob, 2)}</td>
              <td class="number">${whole(r.tokens)}</td>
              <td class="muted">${r.finish === null ? DASH : r.finish === 'length' ? 'cut' : 'stop'}</td>
            </tr>`;
          })}
        </tbody>
      </table>
    </section>`;
  }

  private advantage(value: number | null, largest: number) {
    if (value === null) return html`<span class="muted">${DASH}</span>`;
    const long = (Math.abs(value) / largest) * 28;
    return html`<svg width="70" height="13" role="img" aria-label=${number(value, 2)}>
      ${svg`<rect class="advantage ${value < 0 ? 'minus' : ''}" x="0" y="2" width=${long} height="9"></rect><text x="34" y="11">${number(value, 2)}</text>`}
    </svg>`;
  }

  private chosen(rollouts: readonly Rollout[]): number {
    const { rollout } = this.store;
    return rollout !== null && rollout < rollouts.length ? rollout : 0;
  }

  private rollout(row: number, rollouts: readonly Rollout[], why: readonly string[]) {
    const index = this.chosen(rollouts);
    const rollout = rollouts[index];
    if (!rollout) return nothing;
    const { logprob, entropy, top1, top2 } = rollout.statistics;
    const explained = why[index] ? ` · ${why[index]}` : '';
    const token = (tokenText: string, t: number) => {
      const shade = logprob ? shadeOf('probability', logprob[t]!, entropy?.[t] ?? 0) : 0;
      const title = `p ${share(logprob && Math.exp(logprob[t]!))} · entropy ${number(entropy?.[t], 2)} · top ${share(top1?.[t])}, ${share(top2?.[t])}`;
      return html`<span class="s${shade}" title=${title}>${tokenText}</span>`;
    };
    return html`<section class="rollout">
      <h2>Rollout ${index + 1}<span class="value">shaded where improbable${explained}</span></h2>
      <div class="tokens">${rollout.tokenTexts?.map(token) ?? rollout.text}</div>
      <vscode-button appearance="secondary" @click=${() => this.store.openRollout(row, index)}>Open in editor</vscode-button>
    </section>`;
  }
}

/** The backgrounds that rollouts have in the editor: the less probable a token, the stronger. */
function shades() {
  const rules = Array.from(
    { length: SHADES - 1 },
    (_, i) => `.s${i + 1} { background: var(--vscode-rollscope-token${i + 1}); }`,
  );
  return unsafeCSS(rules.join('\n'));
}

function verdictClass(verdict: Verdict): string {
  return verdict === 'unknown' ? '' : verdict;
}

function truthClass(correct: boolean | null): string {
  return correct === null ? '' : correct ? 'correct' : 'wrong';
}

function truthMark(correct: boolean | null): string {
  return correct === null ? '' : correct ? '✓' : '✗';
}

/** Whole numbers as such, others with the digits that tell them apart. */
function rewardText(reward: number | null): string {
  return number(reward, reward !== null && Number.isInteger(reward) ? 0 : 3);
}
