/** Shared styles. Colors come from the theme: one accent, green for correct, red for wrong, gray for the rest. */
import { css } from 'lit';

export const page = css`
  html {
    --accent: var(--vscode-charts-blue);
    --correct: var(--vscode-charts-green);
    --wrong: var(--vscode-charts-red);
    --highlight: var(--vscode-charts-yellow);
    --muted: var(--vscode-descriptionForeground);
    --rule: var(--vscode-editorWidget-border, var(--vscode-panel-border, rgb(128 128 128 / 35%)));
    --edge: var(--vscode-contrastBorder, transparent);
  }
  html,
  body {
    height: 100%;
    overflow: hidden;
  }
  body {
    margin: 0;
    padding: 0;
    color: var(--vscode-foreground);
    background: var(--vscode-editor-background);
    font-family: var(--vscode-font-family);
    font-size: var(--vscode-font-size, 13px);
    line-height: 1.4;
  }
`;

export const shared = css`
  :host {
    display: block;
    font-variant-numeric: tabular-nums;
  }
  * {
    box-sizing: border-box;
  }
  h1 {
    margin: 0;
    font-size: 1em;
  }
  h2 {
    margin: 0 0 4px;
    font-size: 1em;
    font-weight: 600;
  }
  h2 .value,
  .muted {
    color: var(--muted-text, var(--muted));
    font-weight: 400;
  }
  .value {
    margin-left: 8px;
  }
  .correct {
    color: var(--correct-text, var(--correct));
  }
  .wrong {
    color: var(--wrong-text, var(--wrong));
  }
  .mono {
    font-family: var(--vscode-editor-font-family);
  }
  svg {
    display: block;
    overflow: visible;
    /* Dragging over a chart selects a range of steps. */
    user-select: none;
  }
  svg text {
    fill: var(--muted);
    font-size: 10px;
    font-family: var(--vscode-font-family);
  }
  .axis {
    stroke: var(--rule);
    stroke-width: 1;
  }
  .cursor {
    stroke: var(--vscode-focusBorder);
    stroke-dasharray: 2 2;
  }
  table {
    border-collapse: collapse;
    width: 100%;
  }
  th {
    color: var(--muted-text, var(--muted));
    font-weight: 400;
    text-align: left;
    border-bottom: 1px solid var(--rule);
  }
  th,
  td {
    padding: 2px 8px 2px 0;
    white-space: nowrap;
  }
  td.number,
  th.number {
    text-align: right;
  }
  /* A table that is wider than its pane; a shade at an edge shows that there is more beyond it. */
  .scroll {
    --more: color-mix(in srgb, var(--vscode-foreground) 40%, transparent);
    overflow-x: auto;
    background:
      linear-gradient(to right, var(--vscode-editor-background) 40%, transparent) left / 30px 100% no-repeat local,
      linear-gradient(to left, var(--vscode-editor-background) 40%, transparent) right / 30px 100% no-repeat local,
      linear-gradient(to right, var(--more), transparent) left / 10px 100% no-repeat scroll,
      linear-gradient(to left, var(--more), transparent) right / 10px 100% no-repeat scroll;
  }
  tr[aria-selected='true'] {
    background: var(--vscode-list-inactiveSelectionBackground);
    outline: 1px solid var(--edge);
  }
  tbody tr:hover {
    background: var(--vscode-list-hoverBackground);
  }
  button.link {
    padding: 0;
    border: 0;
    background: none;
    color: inherit;
    font: inherit;
    text-align: left;
    cursor: pointer;
  }
  button.link:hover,
  button.link[aria-pressed='true'] {
    text-decoration: underline;
  }
  button.link.word {
    padding: 1px 9px;
    border: 1px solid var(--rule);
    font-weight: 600;
  }
  :focus-visible {
    outline: 1px solid var(--vscode-focusBorder);
    outline-offset: 1px;
  }
`;

/** A select within a line of text: as wide as its value, with a border only under the pointer. */
export const selectStyles = css`
  select {
    field-sizing: content;
    max-width: 100%;
    border: 1px solid transparent;
    border-radius: 2px;
    color: var(--vscode-foreground);
    background: var(--vscode-editor-background);
    font: inherit;
  }
  select:hover {
    border-color: var(--vscode-dropdown-border, var(--rule));
  }
  option {
    color: var(--vscode-dropdown-foreground);
    background: var(--vscode-dropdown-background);
  }
`;

/** Charts in rows; the class says how many per row. */
export const chartGrid = css`
  .charts {
    display: grid;
  }
  .charts.four {
    grid-template-columns: repeat(4, minmax(0, 1fr));
  }
  .charts.two {
    grid-template-columns: repeat(2, minmax(0, 1fr));
  }
  .charts.one {
    grid-template-columns: minmax(0, 1fr);
  }
`;
