/** The prompt as the model got it, folded until the user opens it. */
import { css, nothing } from 'lit';
import { DASH } from '../../../engine/protocol/format.ts';
import { html } from '../../html.ts';
import type { PromptReading } from '../../prompt-reader.ts';

export const promptStyles = css`
  .prompt {
    max-height: 20em;
    overflow-y: auto;
    margin: 4px 0;
    padding: 4px 8px;
    border: 1px solid var(--rule);
    white-space: pre-wrap;
    overflow-wrap: anywhere;
  }
`;

export interface PromptView {
  isOpen: boolean;
  /** What has been read of it; called only while it is unfolded. */
  reading(): PromptReading;
  toggled(isOpen: boolean): void;
}

/** The template of the prompt. */
export function promptView({ isOpen, reading, toggled }: PromptView) {
  const toggle = (event: Event) => toggled((event.currentTarget as HTMLDetailsElement).open);
  return html`<details ?open=${isOpen} @toggle=${toggle}>
    <summary>Prompt as the model received it</summary>
    ${isOpen ? content(reading()) : nothing}
  </details>`;
}

function content(reading: PromptReading) {
  if (reading.state === 'reading') return html`<p class="muted" role="status">Loading the prompt…</p>`;
  // The reason is shown below.
  if (reading.state === 'failed') return html`<p class="muted">${DASH}</p>`;
  if (reading.text === null) return html`<p class="muted">Not recorded.</p>`;
  return html`<div class="prompt mono" tabindex="0" role="region" aria-label="Prompt">${reading.text}</div>`;
}
