/** The rollouts of a group, one per row: their facts, then their rewards by name and values of other trainers. */
import { css, nothing, type TemplateResult } from 'lit';
import { DASH, integer } from '../../../engine/protocol/format.ts';
import type { ForeignValue, Phase, Rollout } from '../../../engine/protocol/group.ts';
import { valueNames, valueText } from '../../../engine/protocol/named-values.ts';
import { quantityText } from '../../../engine/protocol/quantities.ts';
import type { GroupReward } from '../../../engine/protocol/reward-comparison.ts';
import { oneLine, verdictMark } from '../../../engine/protocol/texts.ts';
import { html, svg } from '../../html.ts';
import { ROW_KEYS } from '../../row-keys.ts';
import { correctnessClass } from './correctness.ts';

export const rolloutTableStyles = css`
  .rollouts {
    margin-top: 12px;
  }
  .rollouts tbody tr {
    cursor: pointer;
  }
  .rollouts th button {
    font: inherit;
    color: inherit;
    background: none;
    border: none;
    padding: 0;
    cursor: pointer;
    white-space: nowrap;
  }
  .rollouts .bar {
    display: inline-block;
    margin-right: 6px;
  }
  .advantage {
    fill: var(--accent);
  }
  .advantage.minus {
    fill: var(--highlight);
  }
`;

/** Length of the longest bar, CSS pixels. */
const BAR = 28;

/** The order of the rows: the key of a column, largest or smallest first. */
export interface RolloutOrder {
  column: string;
  descending: boolean;
}
export const BY_ADVANTAGE: RolloutOrder = { column: 'advantage', descending: true };
const IN_ORDER: RolloutOrder = { column: '#', descending: false };

export interface RolloutTable {
  phase: Phase;
  rollouts: readonly Rollout[];
  /**
   * Whether another trainer made the run; which rollouts trained is then known only if it recorded their advantages.
   */
  imported: boolean;
  /** Other rewards that are shown as columns, as far as they are known. */
  others: readonly OtherReward[];
  order: RolloutOrder;
  sortBy(order: RolloutOrder): void;
  /** Index of the rollout whose tokens are shown. */
  chosen: number;
  choose(rollout: number): void;
  /** Chooses the one that is `by` rows further. */
  step(by: number): void;
}

/** A reward that is shown in addition to the one that trains. */
export interface OtherReward {
  name: string;
  /** null while it is being computed, and if it could not be. */
  scores: GroupReward | null;
}

interface Column {
  /** Unique in the table. */
  key: string;
  title: string;
  /** An explanation, if the title does not suffice. */
  hint?: string;
  /** Numbers are aligned to the right, and come with the largest first. */
  isNumber: boolean;
  value(rollout: Rollout, index: number): ForeignValue;
  cell(rollout: Rollout, index: number): TemplateResult;
}

/**
 * The column that determines the order; undefined if no rollout has a value in it, such as the advantage in an
 * evaluation.
 */
function sortingColumn(rollouts: readonly Rollout[], columns: readonly Column[], order: RolloutOrder) {
  const asked = columns.find(({ key }) => key === order.column) ?? columns[0]!;
  const sorting = rollouts.some((rollout, i) => asked.value(rollout, i) !== null) ? asked : columns[0]!;
  return { asked, sorting, indices: sorted(rollouts, sorting, sorting === asked && order.descending) };
}

/** Indices of the rollouts as the table shows them. */
export function rolloutOrder(
  rollouts: readonly Rollout[],
  order: RolloutOrder,
  others: readonly OtherReward[],
): number[] {
  return sortingColumn(rollouts, columnsOf(rollouts, others), order).indices;
}

/**
 * A template of the table: a click on a column's title sorts by it, arrow keys choose a row. Numbers of rollouts count
 * from 1.
 */
export function rolloutTable({ phase, rollouts, imported, others, order, sortBy, chosen, choose, step }: RolloutTable) {
  const columns = columnsOf(rollouts, others);
  const { asked, sorting, indices } = sortingColumn(rollouts, columns, order);
  const key = (event: KeyboardEvent) => {
    const by = ROW_KEYS[event.key];
    if (by === undefined) return;
    event.preventDefault();
    step(by);
    const body = (event.currentTarget as HTMLElement).closest('tbody');
    requestAnimationFrame(() => body?.querySelector<HTMLElement>('[aria-selected="true"]')?.focus());
  };
  return html`<section class="rollouts">
    <h2>Rollouts<span class="value">${titleOf(phase, rollouts, imported)}${sorting === columns[0] ? '' : ` · sorted by ${sorting.title}`}</span></h2>
    <div class="scroll">
      <table role="grid" aria-label="Rollouts">
        <thead>
          <tr>${columns.map((column) => header(column, sorting === asked ? order : IN_ORDER, sortBy))}</tr>
        </thead>
        <tbody>
          ${indices.map(
            (i) => html`<tr
              tabindex=${i === chosen ? 0 : -1}
              data-rollout=${i + 1}
              aria-selected=${i === chosen}
              @click=${() => choose(i)}
              @keydown=${key}
            >${columns.map((column) => column.cell(rollouts[i]!, i))}</tr>`,
          )}
        </tbody>
      </table>
    </div>
  </section>`;
}

function titleOf(phase: Phase, rollouts: readonly Rollout[], imported: boolean): string {
  const { length } = rollouts;
  if (imported) return String(length);
  const trained = rollouts.filter(({ advantage }) => advantage !== null).length;
  return phase === 'train' ? `${length}, ${trained} used for training` : `${length}, not used for training`;
}

function header(column: Column, order: RolloutOrder, sortBy: RolloutTable['sortBy']) {
  const { key, title, hint, isNumber } = column;
  const current = order.column === key;
  const sort = current ? (order.descending ? 'descending' : 'ascending') : 'none';
  const next = { column: key, descending: current ? !order.descending : isNumber };
  return html`<th class=${isNumber ? 'number' : ''} aria-sort=${sort}>
    <button title=${hint ?? `Sort by ${title}`} @click=${() => sortBy(next)}>${title}</button>
  </th>`;
}

function columnsOf(rollouts: readonly Rollout[], others: readonly OtherReward[]): Column[] {
  const largest = Math.max(0.1, ...rollouts.map(({ advantage }) => Math.abs(advantage ?? 0)));
  const { rewards, foreign } = valueNames(rollouts);
  return [
    {
      ...numbers('#', (_, i) => i + 1),
      hint: 'Sort by rollout',
      cell: (_, i) => html`<td class="number muted">${i + 1}</td>`,
    },
    {
      ...texts('answer', ({ answer }) => answer),
      cell: ({ answer, correct }) => html`<td class="mono answer ${correctnessClass(correct)}">${answer ?? DASH}</td>`,
    },
    numbers('reward', ({ reward }) => reward, 'reward', rewardText),
    ...rewards.map((name) => ({
      ...numbers(name, (rollout) => rollout.rewards[name] ?? null, `rewards/${name}`, rewardText),
      hint: `Reward ${name}`,
    })),
    {
      ...numbers('advantage', ({ advantage }) => advantage),
      cell: ({ advantage }) => html`<td class="number">${advantageBar(advantage, largest)}</td>`,
    },
    ...others.flatMap(otherColumns),
    {
      ...numbers(
        'log-prob',
        ({ logprob }) => logprob,
        'log-prob',
        (value) => quantityText('logprob', value),
      ),
      hint: 'Mean log-probability, nats/token',
    },
    numbers('tokens', ({ tokens }) => tokens, 'tokens', integer),
    texts('finish', ({ finish }) => finish),
    ...foreign.map((name) => ({
      ...foreignColumn(name, rollouts),
      hint: `${name}, as the trainer recorded it`,
    })),
  ];
}

/** Value with rank, and the advantage that it would have given; the winner is marked right or wrong. */
function otherColumns({ name, scores }: OtherReward): Column[] {
  const winner = (i: number) =>
    scores?.winner === i
      ? html` <b class=${correctnessClass(scores.winnerCorrect)} title="Ranked first${scores.winnerCorrect === null ? '' : scores.winnerCorrect ? ', correct' : ', wrong'}">${scores.winnerCorrect === null ? '•' : verdictMark(scores.winnerCorrect)}</b>`
      : nothing;
  return [
    {
      ...numbers(name, (_, i) => scores?.values[i] ?? null, `other/${name}`, rewardText),
      hint: `Reward ${name}: value and rank in the group; the one ranked first is marked`,
      cell: (_, i) =>
        html`<td class="number" data-other=${name}>${scores ? html`${rewardText(scores.values[i]!)} <span class="muted">#${scores.ranks[i]}</span>` : DASH}${winner(i)}</td>`,
    },
    {
      ...numbers(
        'adv.',
        (_, i) => scores?.advantages[i] ?? null,
        `other-advantage/${name}`,
        (value) => quantityText('advantage', value),
      ),
      hint: `Advantage that ${name} would have given`,
    },
  ];
}

const rewardText = (value: number | null) => quantityText('reward', value);

function numbers(
  title: string,
  value: (rollout: Rollout, index: number) => number | null,
  key = title,
  text: (value: number | null) => string = valueText,
): Column {
  return { key, title, isNumber: true, value, cell: (r, i) => html`<td class="number">${text(value(r, i))}</td>` };
}

function texts(title: string, value: (rollout: Rollout) => ForeignValue, key = title): Column {
  return {
    key,
    title,
    isNumber: false,
    value,
    cell: (r) => {
      const text = valueText(value(r));
      const line = oneLine(text, 24);
      return html`<td class="muted" title=${line === text ? nothing : text}>${line}</td>`;
    },
  };
}

function foreignColumn(name: string, rollouts: readonly Rollout[]): Column {
  const value = ({ foreign }: Rollout) => foreign[name] ?? null;
  const isNumber = rollouts.every((rollout) => value(rollout) === null || typeof value(rollout) === 'number');
  const key = `foreign/${name}`;
  return isNumber ? numbers(name, value as (rollout: Rollout) => number | null, key) : texts(name, value, key);
}

/** Indices of the rollouts in the order of a column. Those without a value come last; equal ones keep their order. */
function sorted(rollouts: readonly Rollout[], { value }: Column, descending: boolean): number[] {
  const values = rollouts.map(value);
  return [...rollouts.keys()].sort((a, b) => {
    const [left, right] = [values[a]!, values[b]!];
    if (left === null || right === null) return Number(left === null) - Number(right === null) || a - b;
    return (descending ? compare(right, left) : compare(left, right)) || a - b;
  });
}

function compare(a: NonNullable<ForeignValue>, b: NonNullable<ForeignValue>): number {
  return typeof a === 'string' || typeof b === 'string' ? String(a).localeCompare(String(b)) : Number(a) - Number(b);
}

function advantageBar(value: number | null, largest: number) {
  if (value === null) return html`<span class="muted">${DASH}</span>`;
  const long = (Math.abs(value) / largest) * BAR;
  return html`<svg class="bar" width=${BAR} height="9" aria-hidden="true">
      ${svg`<rect class="advantage ${value < 0 ? 'minus' : ''}" width=${long} height="9"></rect>`}
    </svg>${quantityText('advantage', value)}`;
}
