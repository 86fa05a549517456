/** A failed request, shown where it was made: the reason, and what can be done about it. */
import { css, nothing } from 'lit';
import type { Failure, PanelRequest } from './failures.ts';
import { html } from './html.ts';

export const failureStyles = css`
  .failure {
    display: flex;
    flex-wrap: wrap;
    gap: 4px 10px;
    align-items: center;
    margin: 6px 0;
    padding: 4px 8px;
    border: 1px solid var(--vscode-inputValidation-errorBorder);
    background: var(--vscode-inputValidation-errorBackground);
    color: var(--vscode-inputValidation-errorForeground, var(--vscode-foreground));
  }
  .failure span {
    flex: 1 1 16em;
    overflow-wrap: anywhere;
  }
`;

/** Renders nothing without a failure. `dismiss` is absent if nothing else would be shown. */
export function failureNotice(request: PanelRequest, failure: Failure | null, dismiss?: () => void) {
  if (!failure) return nothing;
  const { code, message, hint, again } = failure;
  return html`<div class="failure" role="alert" data-request=${request} data-code=${code}>
    <span>${message} ${hint ?? nothing}</span>
    ${again ? html`<vscode-button appearance="secondary" data-action="again" @click=${again}>Try again</vscode-button>` : nothing}
    ${dismiss ? html`<vscode-button appearance="secondary" data-action="dismiss" @click=${dismiss}>Dismiss</vscode-button>` : nothing}
  </div>`;
}
