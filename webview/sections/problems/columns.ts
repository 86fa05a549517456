/** The columns of the list of problems, which of them a pane of some width has room for, and its styles. */
import { css, unsafeCSS } from 'lit';
import type { ProblemOrder } from '../../../engine/runs/panel-state.ts';
import { selectStyles } from '../../styles.ts';

export type ColumnKey =
  | 'id'
  | 'marks'
  | 'text'
  | 'matrix'
  | 'now'
  | 'reference'
  | 'share'
  | 'change'
  | 'since'
  | 'until'
  | 'forecast'
  | 'curve';

export interface ListColumn {
  key: ColumnKey;
  title: string;
  hint?: string;
  /** The order that a click on the title selects. */
  sort?: ProblemOrder['sort'];
}

interface Room extends ListColumn {
  /** The hint where there are no references. */
  unlabeled?: string;
  /** Least width of the list that has the column, CSS pixels. */
  from: number;
  /** Needs a run with steps, with labels, with a forecast. */
  needs?: 'trained' | 'labeled' | 'forecast' | 'history';
}

const COLUMNS: readonly Room[] = [
  { key: 'id', title: 'problem', sort: 'file', from: 0 },
  { key: 'marks', title: 'Δ', hint: 'Change since A (fixed, broke), and problems predicted wrong', from: 0 },
  { key: 'text', title: 'text', from: 1300 },
  { key: 'matrix', title: 'over the steps', from: 0 },
  { key: 'now', title: 'answer', from: 0 },
  { key: 'reference', title: 'reference', from: 420, needs: 'labeled' },
  { key: 'share', title: 'share', hint: 'Majority share', sort: 'share', from: 600 },
  { key: 'change', title: 'Δ share', hint: 'Change of the majority share from A to B', sort: 'gain', from: 660 },
  {
    key: 'curve',
    title: 'P(correct)',
    hint: 'Share of correct rollouts (dashed: majority share)',
    from: 820,
    needs: 'history',
  },
  {
    key: 'since',
    title: 'since',
    hint: 'Step since which the majority has been wrong; without a reference, since which it has been the majority',
    unlabeled: 'Step since which this answer has been the majority',
    sort: 'flipped',
    from: 340,
    needs: 'trained',
  },
  {
    key: 'until',
    title: 'until',
    hint: 'Last step with a correct majority before that',
    sort: 'flipped',
    from: 680,
    needs: 'history',
  },
  {
    key: 'forecast',
    title: 'predicted',
    hint: 'P(correct) of the final majority, predicted before step 1',
    sort: 'forecast',
    from: 740,
    needs: 'forecast',
  },
];

/**
 * @param width of the pane, in CSS pixels
 * @param run what the run has: columns without values are left out
 */
export function columnsFor(
  width: number,
  run: { trained: boolean; labeled: boolean; forecast: boolean },
): ListColumn[] {
  const has = { ...run, history: run.trained && run.labeled };
  return COLUMNS.filter(({ from, needs }) => width >= from && (needs === undefined || has[needs])).map(
    ({ from: _, needs: _needs, unlabeled, ...column }) => {
      if (column.key === 'matrix' && !run.trained) return { ...column, title: 'vote' };
      return unlabeled !== undefined && !run.labeled ? { ...column, hint: unlabeled } : column;
    },
  );
}

/** Position of the matrix cells in the list. */
export function matrixPlace(list: HTMLElement): { left: number; width: number } | null {
  const title = list.querySelector<HTMLElement>('.titles .matrix');
  if (!title || title.offsetWidth === 0) return null;
  return { left: title.offsetLeft, width: title.offsetWidth };
}

/**
 * Widths do not depend on the texts, so that numbers of neighboring columns never touch. Ids and answers share the
 * remaining room: rows are distinguished by the ends of these texts.
 */
const WIDTHS: Readonly<Record<ColumnKey, string>> = {
  id: '1.5 1 104px',
  marks: '0 0 22px',
  text: '2 1 120px',
  matrix: '4 1 84px',
  now: '1.2 1 80px',
  reference: '0.4 1 64px',
  share: '0 0 38px',
  change: '0 0 52px',
  since: '0 0 38px',
  until: '0 0 38px',
  forecast: '0 0 64px',
  curve: '0 0 66px',
};

export const problemsStyles = css`
  ${selectStyles}
  :host {
    display: flex;
    flex-direction: column;
    min-height: 0;
    height: 100%;
  }
  .above {
    flex: none;
    padding: 8px 12px 0;
  }
  .count {
    display: flex;
    flex-wrap: wrap;
    gap: 2px 14px;
    margin: 3px 0;
    color: var(--muted-text, var(--muted));
  }
  .list {
    position: relative;
    flex: 1 1 0;
    min-height: 80px;
    overflow-y: auto;
    overflow-x: hidden;
    outline-offset: -1px;
  }
  /* Only the titles: what is below says why. */
  .list.empty {
    flex: none;
    min-height: 0;
  }
  .list.empty ~ .nothing-found {
    flex: 1 1 0;
    min-height: 0;
    overflow-y: auto;
  }
  .lines {
    position: relative;
    contain: strict;
    width: 100%;
  }
  .lines canvas {
    position: absolute;
    z-index: 1;
    pointer-events: none;
  }
  .step-line {
    position: absolute;
    top: 0;
    left: 0;
    z-index: 1;
    width: 0;
    border-left: 1px dashed var(--vscode-focusBorder);
    pointer-events: none;
  }
  .step-line.a {
    border-color: var(--vscode-charts-purple);
  }
  .line {
    display: flex;
    gap: 8px;
    align-items: center;
    height: 20px;
    padding: 0 12px;
    white-space: nowrap;
  }
  .lines .line {
    position: absolute;
    top: 0;
    left: 0;
    right: 0;
  }
  .line > span {
    overflow: hidden;
    text-overflow: ellipsis;
  }
  .titles {
    position: sticky;
    top: 0;
    z-index: 2;
    color: var(--muted-text, var(--muted));
    background: var(--vscode-editor-background);
    border-bottom: 1px solid var(--rule);
  }
  .line.problem {
    cursor: pointer;
  }
  .line.problem:hover {
    background: var(--vscode-list-hoverBackground);
  }
  .line[aria-selected='true'] {
    background: var(--vscode-list-inactiveSelectionBackground);
    outline: 1px solid var(--edge);
    outline-offset: -1px;
  }
  .list:focus-visible .line[aria-selected='true'] {
    outline: 1px solid var(--vscode-focusBorder);
  }
  /* What is left is for the matrix. */
  .line > .id {
    max-width: 136px;
  }
  .line > .now {
    max-width: 160px;
  }
  .problem .id {
    color: var(--muted-text, var(--muted));
  }
  .matrix {
    height: 14px;
  }
  .titles .matrix {
    height: auto;
  }
  .now,
  .reference {
    font-family: var(--vscode-editor-font-family);
  }
  .titles .now,
  .titles .reference {
    font-family: inherit;
  }
  .share,
  .change,
  .since,
  .until,
  .forecast {
    text-align: right;
  }
  .mark {
    color: var(--muted-text, var(--muted));
  }
  .mark.broke {
    color: var(--wrong-text, var(--wrong));
    font-weight: 600;
  }
  .mark.fixed {
    color: var(--correct-text, var(--correct));
    font-weight: 600;
  }
  .legend {
    flex: none;
    display: flex;
    flex-wrap: wrap;
    gap: 2px 14px;
    padding: 4px 12px;
    border-top: 1px solid var(--rule);
    font-size: 0.9em;
  }
  details.legend {
    display: block;
  }
  details.legend > summary {
    cursor: pointer;
  }
  details.legend > div {
    display: flex;
    flex-wrap: wrap;
    gap: 2px 14px;
  }
  .sample {
    display: inline-flex;
    gap: 5px;
    align-items: center;
  }
  .spark {
    fill: none;
    stroke-width: 1.2;
  }
  .spark.is-correct {
    stroke: var(--correct);
  }
  .spark.is-majority {
    stroke: var(--accent);
    stroke-dasharray: 2 2;
  }
  ${unsafeCSS(
    Object.entries(WIDTHS)
      .map(([key, flex]) => `.line > .${key} { flex: ${flex}; min-width: 0; }`)
      .join('\n'),
  )}
`;
