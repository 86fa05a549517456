/** Styles of the charts. */
import { css } from 'lit';
import { selectStyles } from '../../styles.ts';

export const curveStyles = css`
  ${selectStyles}
  :host {
    padding: 6px 12px;
  }
  .charts {
    display: grid;
    gap: 10px 18px;
  }
  .charts > .large {
    grid-column: 1 / -1;
  }
  .title {
    display: flex;
    align-items: baseline;
    gap: 4px;
  }
  h2 {
    flex: 1 1 auto;
    min-width: 0;
    white-space: nowrap;
    overflow: hidden;
    text-overflow: ellipsis;
  }
  /* Its value stays whole, rather than its name. */
  h2.of-metric {
    display: flex;
    gap: 6px;
    align-items: baseline;
  }
  h2.of-metric > * {
    flex: none;
    margin-left: 0;
  }
  h2.of-metric > select {
    flex: 0 1 auto;
    min-width: 3em;
    text-overflow: ellipsis;
  }
  .plot {
    cursor: crosshair;
    touch-action: none;
  }
  .curve {
    fill: none;
    stroke-width: 1.5;
  }
  .curve.raw {
    stroke-width: 1;
    stroke-opacity: 0.35;
  }
  .proxy,
  .plain {
    stroke: var(--accent);
  }
  .curve.of-a {
    stroke: var(--vscode-foreground);
    stroke-opacity: 0.8;
  }
  .gap {
    fill: var(--highlight);
    fill-opacity: 0.16;
  }
  .hover {
    stroke: var(--vscode-foreground);
    stroke-opacity: 0.6;
  }
  .hover-dot {
    fill: var(--vscode-editor-background);
    stroke-width: 1.5;
  }
  .dragged {
    fill: var(--accent);
    fill-opacity: 0.15;
  }
  svg text.axis-name {
    font-size: 9px;
  }
  svg text.own-axis {
    fill: var(--accent-text, var(--accent));
  }
  .name-proxy {
    color: var(--accent-text, var(--accent));
  }
  .name-reference {
    color: var(--highlight-text, var(--highlight));
  }
  select,
  .tools input {
    max-width: 100%;
    padding: 0 2px 0 0;
    border: 1px solid transparent;
    border-radius: 2px;
    color: inherit;
    background: var(--vscode-editor-background);
    font: inherit;
  }
  select {
    margin-left: -4px;
    cursor: pointer;
  }
  option {
    font-weight: 400;
  }
  .name-of-a {
    color: var(--vscode-foreground);
    font-weight: 600;
  }
  .reference,
  .evaluation,
  .whisker {
    stroke: var(--highlight);
  }
  .accuracy {
    stroke: var(--correct);
  }
  .entropy {
    stroke: var(--vscode-charts-purple);
  }
  .evaluation {
    fill: var(--vscode-editor-background);
  }
  .dot {
    fill: currentColor;
  }
  .threshold {
    stroke: var(--wrong);
    stroke-dasharray: 3 3;
  }
  svg text.threshold-text {
    fill: var(--wrong-text, var(--wrong));
  }
  .tools {
    display: flex;
    flex-wrap: wrap;
    gap: 4px 14px;
    align-items: baseline;
    margin-top: 6px;
    color: var(--muted-text, var(--muted));
  }
  .tools input {
    width: 13em;
    border-color: var(--vscode-input-border, var(--rule));
    padding: 1px 5px;
    background: var(--vscode-input-background);
    color: var(--vscode-input-foreground);
  }
`;
