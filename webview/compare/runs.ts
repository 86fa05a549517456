/** The runs of a comparison at their steps, each compared with the first, and the settings in which they differ. */
import { css, nothing } from 'lit';
import { figure } from '../../engine/protocol/format.ts';
import type { PairComparison } from '../../engine/runs/comparison/compare.ts';
import type { ComparisonInView, RunInView } from '../../engine/runs/comparison/contract.ts';
import { RUN_LETTERS } from '../../engine/runs/comparison/letters.ts';
import { differenceText, MEASURES } from '../../engine/runs/comparison/text.ts';
import { html } from '../html.ts';
import { swatch } from './overlay.ts';
import type { CompareStore } from './store.ts';

export const runsStyles = css`
  .runs input[type='number'] {
    width: 6em;
    color: var(--vscode-input-foreground);
    background: var(--vscode-input-background);
    border: 1px solid var(--vscode-input-border, var(--rule));
    font: inherit;
  }
  .runs .letter {
    font-weight: 600;
  }
  .runs td.measure .muted {
    font-size: 0.9em;
  }
  /* Below the value if there is no room next to it. */
  @media (max-width: 1100px) {
    .runs td.measure .muted {
      display: block;
    }
  }
  .pairs {
    display: grid;
    gap: 6px 24px;
    margin: 10px 0;
  }
  .pair b {
    font-weight: 600;
  }
  .pair .open {
    color: var(--vscode-textLink-foreground);
  }
  .pair div {
    display: flex;
    flex-wrap: wrap;
    gap: 2px 16px;
  }
`;

/** One row per run: its name, its step, and its measures before training and at the step. */
export function runsTable(store: CompareStore, runs: readonly RunInView[], comparison: ComparisonInView | null) {
  const titles = comparison ? MEASURES.map(({ title }) => title(comparison.runs)) : [];
  return html`<table class="runs">
    <thead><tr>
      <th></th><th>run</th><th title="The run that the others are compared with">first</th><th>step</th>
      ${titles.map((title) => html`<th title="Before training → at the step (95% confidence interval)">${title}</th>`)}
    </tr></thead>
    <tbody>${runs.map((run, i) => runRow(store, run, i, comparison))}</tbody>
  </table>`;
}

function runRow(store: CompareStore, { run, step, job }: RunInView, i: number, comparison: ComparisonInView | null) {
  const asked = store.look.steps[i] ?? null;
  const at = comparison?.runs[i];
  const letter = RUN_LETTERS[i]!;
  return html`<tr data-run=${run}>
    <td><svg width="34" height="14" role="img" aria-label="Line of ${letter}">${swatch(i)}</svg></td>
    <td><span class="letter">${letter}</span> <button class="link name" title="Open the run in the panel" @click=${() => store.open(i)}>${run}</button></td>
    <td><input type="radio" name="first" aria-label="Compare with ${letter}" .checked=${i === store.first} @change=${() => store.setLook({ first: i })}></td>
    <td>${
      job === 'probe'
        ? html`<span class="muted">probe</span>`
        : html`<input type="number" min="0" max=${step} aria-label="Step of ${letter}" placeholder=${String(step)} .value=${asked === null ? '' : String(asked)} @change=${(event: Event) => store.setStep(i, stepOf(event, step))}>
          <span class="muted">${asked === null ? 'latest' : ''}${at && at.at.step !== null && at.at.step !== (asked ?? step) ? ` rollouts of step ${at.at.step}` : ''}</span>`
    }</td>
    ${
      at
        ? MEASURES.map(
            ({ text, mean }) =>
              html`<td class="measure" title=${text(at.at)}>${mean(at.before)} → <b>${mean(at.at)}</b> <span class="muted">${intervalOf(text(at.at))}</span></td>`,
          )
        : nothing
    }
  </tr>`;
}

/** The text in the parentheses of an estimate. */
function intervalOf(text: string): string {
  const from = text.indexOf('(');
  return from < 0 ? '' : text.slice(from);
}

/** An empty field is the latest step. */
function stepOf(event: Event, last: number): number | null {
  const { value } = event.target as HTMLInputElement;
  return value === '' ? null : Math.max(0, Math.min(last, Math.round(Number(value))));
}

/** The first run against each of the others. */
export function pairs(store: CompareStore, { pairs: all }: ComparisonInView) {
  return html`<div class="pairs">${all.map((pair) => pairPart(store, pair))}</div>`;
}

function pairPart(store: CompareStore, pair: PairComparison) {
  const [a, b] = [RUN_LETTERS[pair.first]!, RUN_LETTERS[pair.second]!];
  const { outcomes, problems, p, answered, switched } = pair;
  const filter = (text: string) => () => store.choose({ second: pair.second, filter: text, all: true });
  const count = (value: number, text: string, words: string, key: string) =>
    html`<button class="link" data-outcome=${key} title="Show these problems in the list" @click=${filter(words)}>${text} <b>${value}</b></button>`;
  return html`<section class="pair" data-pair="${b}-${a}" aria-label="${b} against ${a}">
    <div>
      <span><b>${b} - ${a}</b></span>
      <span>accuracy <b>${differenceText(pair.accuracy)}</b></span>
      <span>majority <b>${differenceText(pair.majorityAccuracy)}</b></span>
      ${p === null ? nothing : html`<span title="Two-sided and exact: the probability that problems correct in only one of the two runs are divided at least this unequally by chance">McNemar's exact test p = <b>${figure(p)}</b></span>`}
    </div>
    <div class="muted">
      ${
        p === null
          ? nothing
          : html`<span>majority of ${problems} problems</span> ${count(outcomes.bothRight, 'correct in both', 'stayed:correct', 'both')}
              ${count(outcomes.onlyFirst, `only in ${a}`, 'broke', 'first')} ${count(outcomes.onlySecond, `only in ${b}`, 'fixed', 'second')}
              ${count(outcomes.bothWrong, 'in neither', 'stayed:wrong', 'neither')}`
      }
      ${count(switched, 'another answer', 'switched', 'switched')} <span>of ${answered}</span>
      <button class="link open" data-action="open-with-a" title="Run ${b} in the panel, with its cursor A at the step of run ${a}" @click=${() => store.openAgainst(pair.second, pair.first)}>Open in the panel</button>
    </div>
  </section>`;
}
