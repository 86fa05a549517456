/** The settings in which runs differ. */
import { css, nothing } from 'lit';
import { DASH } from '../engine/protocol/format.ts';
import { oneLine } from '../engine/protocol/texts.ts';
import type { SettingDifference } from '../engine/runs/comparison/settings.ts';
import { html } from './html.ts';

/** Longest value of a setting. */
const WIDEST = 48;

export const settingsStyles = css`
  .settings td:not(:first-child) {
    font-family: var(--vscode-editor-font-family);
    white-space: normal;
    overflow-wrap: anywhere;
  }
`;

/**
 * One row per setting that differs, one column per run; a dash if a run does not have the setting.
 * @param runs their titles
 */
export function settingsTable(settings: readonly SettingDifference[], runs: readonly string[]) {
  if (settings.length === 0) return html`<p class="muted">The runs have the same settings.</p>`;
  return html`<table class="settings">
    <thead><tr><th>setting</th>${runs.map((run) => html`<th>${run}</th>`)}</tr></thead>
    <tbody>${settings.map(
      ({ setting, values }) =>
        html`<tr data-setting=${setting}><td>${setting}</td>${values.map(
          (value) => html`<td title=${value ?? nothing}>${value === null ? DASH : oneLine(value, WIDEST)}</td>`,
        )}</tr>`,
    )}</tbody>
  </table>`;
}
