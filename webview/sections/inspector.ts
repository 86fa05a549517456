/** One problem at the step that is looked at: what was asked, what it answers and how often, and each rollout. */
import { css, html, nothing, svg, unsafeCSS } from 'lit';
import { customElement } from 'lit/decorators.js';
import { signalsOf, standIn } from '../../engine/protocol/forecast-text.ts';
import { baseName, number, share } from '../../engine/protocol/format.ts';
import type { RolloutSummary } from '../../engine/protocol/records.ts';
import { SHADES, shadeOf } from '../../engine/protocol/shades.ts';
import { type Group, majoritySince, rolloutsOf } from '../../engine/protocol/state.ts';
import { massChart } from '../charts/mass.ts';
import { confidenceChart } from '../charts/scatter.ts';
import { Component } from '../component.ts';
import type { ProblemView } from '../store.ts';
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
      .bar.is-right,
      .layer.is-right {
        fill: var(--right);
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
      .point.is-right {
        stroke: var(--right);
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
      .foretold {
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
    const view = this.store.selected;
    if (!view) return html`<p class="muted">Choose a problem to see its rollouts.</p>`;
    const { problem, group, history } = view;
    const line = problem.line === null ? `row ${problem.row + 1}` : `line ${problem.line}`;
    const since = majoritySince(history?.groups ?? [], this.store.at);
    return html`
      <div class="head">
        <h2>Problem ${problem.id}</h2>
        <a role="button" tabindex="0" @click=${() => this.reveal(view)} @keydown=${(e: KeyboardEvent) => e.key === 'Enter' && this.reveal(view)}>${baseName(problem.source)}, ${line}</a>
      </div>
      <div class="prompt">${problem.prompt}</div>
      <div>
        reference <b class="mono">${problem.answer ?? '–'}</b> · majority
        <b class="mono ${verdictClass(view.correct)}">${group?.majority?.answer ?? '–'}</b>
        ${since === null || group?.phase === 'probe' ? nothing : html`<span class="muted">since step ${since}</span>`}
      </div>
      ${this.foretold(view)}
      ${group ? this.group(view, group) : html`<p class="muted">Not sampled yet.</p>`}
    `;
  }

  /** What was foretold of the problem, from which signals, and how it turned out. */
  private foretold({ foretold, outcome }: ProblemView) {
    if (!foretold) return nothing;
    const { answer, majority, right, likelyWrong } = foretold;
    const by = standIn(this.store.state.forecast!);
    return html`<div class="foretold">
      forecast <b class="mono">${answer ?? '–'}</b>${answer === null ? ' no answer to amplify' : ''}
      ${majority || answer === null ? nothing : html`<span class="muted">not the majority then</span>`} · right with
      <b>${share(right)}</b>${likelyWrong ? ', likely wrong' : ''}
      ${by ? html`<span class="muted">(${by})</span>` : nothing}
      ${outcome === null ? nothing : html`· <span title="By the vote that scored the forecast, after the last step">ended</span> <span class=${verdictClass(outcome)}>${verdictMark(outcome)} ${outcome ? 'right' : 'wrong'}</span>`}
      <div class="muted">${signalsOf(foretold)
        .map(({ name, value }) => `${name} ${value}`)
        .join(' · ')}</div>
    </div>`;
  }

  private reveal({ problem }: ProblemView): void {
    this.store.post({ kind: 'reveal-problem', problem: problem.index });
  }

  private group(view: ProblemView, group: Group) {
    const rollouts = rolloutsOf(group);
    const two = this.width > 440;
    const half = two ? Math.floor((this.width - 20) / 2) : this.width;
    const steps = Math.max(this.store.info?.steps ?? 1, this.store.state.step);
    const groups = view.history?.groups ?? [];
    const place =
      group.phase === 'probe' ? 'probe' : `${group.phase === 'evaluation' ? 'evaluation at ' : ''}step ${group.step}`;
    return html`
      <div class="halves ${two ? 'two' : ''}">
        <section>
          <h2>Answers<span class="value">${place} · ${group.rollouts} rollouts</span></h2>
          ${this.answers(group)}
        </section>
        ${
          groups.length > 1
            ? html`<section>
                <h2>Answer mass over the steps</h2>
                <svg width=${half} height="110" role="img" aria-label="Answer mass over the steps">${massChart(groups, half, 110, steps, this.store.step)}</svg>
              </section>`
            : nothing
        }
        <section>
          <h2>Confidence${this.store.state.labelled ? ', right or wrong' : ''}</h2>
          <svg width=${half} height="96" role="img" aria-label="Confidence of each rollout">${confidenceChart(rollouts, half, 96, this.store.rollout)}</svg>
        </section>
      </div>
      ${this.table(group, rollouts)} ${this.rollout(group, rollouts)}
    `;
  }

  private answers(group: Group) {
    const rows = group.clusters.slice(0, 8);
    const more = group.clusters.length - rows.length;
    const row = (answer: string, count: number, correct: boolean | null, kind: string) => html`<tr>
      <td class="mono answer" title=${answer}>${answer}</td>
      <td class=${verdictClass(correct)}>${verdictMark(correct)}</td>
      <td><svg width=${BAR} height="11" aria-hidden="true"><rect class="bar ${kind}" width=${(BAR * count) / group.rollouts} height="11"></rect></svg></td>
      <td class="number">${count}</td>
    </tr>`;
    return html`<table>
      <tbody>
        ${rows.map(({ answer, count, correct }) => row(answer, count, correct, correct === null ? '' : correct ? 'is-right' : 'is-wrong'))}
        ${group.noAnswer > 0 ? row('no answer', group.noAnswer, null, '') : nothing}
      </tbody>
    </table>
    ${more > 0 ? html`<span class="muted">and ${more} more answers</span>` : nothing}`;
  }

  private table(group: Group, rollouts: RolloutSummary[]) {
    const trained = rollouts.filter((r) => r.advantage !== null).length;
    const order = rollouts
      .map((_, i) => i)
      .sort((a, b) => (rollouts[b]!.advantage ?? -9) - (rollouts[a]!.advantage ?? -9) || a - b);
    const largest = Math.max(0.1, ...rollouts.map((r) => Math.abs(r.advantage ?? 0)));
    const title =
      group.phase === 'train'
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
              <td class="number muted">${i}</td>
              <td class="mono answer ${verdictClass(r.correct)}">${r.answer ?? '–'}</td>
              <td class="number">${rewardText(r.reward)}</td>
              <td>${this.advantage(r.advantage, largest)}</td>
              <td class="number">${number(r.logprob, 2)}</td>
              <td class="number">${r.tokens}</td>
              <td class="muted">${r.finish === 'length' ? 'cut' : 'stop'}</td>
            </tr>`;
          })}
        </tbody>
      </table>
    </section>`;
  }

  private advantage(value: number | null, largest: number) {
    if (value === null) return html`<span class="muted">–</span>`;
    const long = (Math.abs(value) / largest) * 28;
    return html`<svg width="70" height="13" role="img" aria-label=${number(value, 2)}>
      ${svg`<rect class="advantage ${value < 0 ? 'minus' : ''}" x="0" y="2" width=${long} height="9"></rect><text x="34" y="11">${number(value, 2)}</text>`}
    </svg>`;
  }

  private chosen(rollouts: RolloutSummary[]): number {
    const { rollout } = this.store;
    return rollout !== null && rollout < rollouts.length ? rollout : 0;
  }

  private rollout(group: Group, rollouts: RolloutSummary[]) {
    const index = this.chosen(rollouts);
    const texts = this.store.textsOf(group);
    const stored = texts?.rollouts[index];
    return html`<section class="rollout">
      <h2>Rollout ${index}<span class="value">shaded where improbable · ${texts?.why[index]}</span></h2>
      ${
        stored
          ? html`<div class="tokens">${stored.pieces.map((piece, t) => {
              const shade = shadeOf('probability', stored.logprob[t]!, stored.entropy[t]!);
              return html`<span class="s${shade}" title=${`p ${share(Math.exp(stored.logprob[t]!))} · entropy ${number(stored.entropy[t], 2)} · top ${share(stored.top1[t])}, ${share(stored.top2[t])}`}>${piece}</span>`;
            })}</div>`
          : html`<p class="muted">reading…</p>`
      }
      <vscode-button appearance="secondary" @click=${() => this.store.post({ kind: 'open-rollout', id: { group: group.seq, rollout: index } })}>Open in editor</vscode-button>
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

function verdictClass(correct: boolean | null): string {
  return correct === null ? '' : correct ? 'right' : 'wrong';
}

function verdictMark(correct: boolean | null): string {
  return correct === null ? '' : correct ? '✓' : '✗';
}

/** Whole numbers as such, others with the digits that tell them apart. */
function rewardText(reward: number | null): string {
  return number(reward, reward !== null && Number.isInteger(reward) ? 0 : 3);
}
