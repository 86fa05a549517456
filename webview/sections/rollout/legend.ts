/** The meaning of the tokens' shades: the choice of a shading, and the value at which each shade begins. */
import { css, nothing } from 'lit';
import type { Rollout, ScoredBy } from '../../../engine/protocol/group.ts';
import { computedText } from '../../../engine/protocol/scored-text.ts';
import { SHADES } from '../../../engine/protocol/shades.ts';
import { TOKEN_SHADINGS, type TokenShading } from '../../../engine/runs/panel-state.ts';
import { SHADING_TITLES, type TokenShades } from '../../../engine/runs/token-shades.ts';
import { html } from '../../html.ts';
import { selectStyles } from '../../styles.ts';

export const legendStyles = css`
  ${selectStyles}
  .legend {
    display: flex;
    flex-wrap: wrap;
    gap: 2px 10px;
    align-items: center;
  }
  .scale {
    display: inline-flex;
    flex-wrap: wrap;
    min-width: 0;
    font-size: 0.85em;
  }
  .scale span {
    min-width: 3.2em;
    padding-bottom: 5px;
    text-align: center;
    border-bottom: 1px solid var(--rule);
  }
  /* The color is a bar below the number, which is read on the page's own background. */
  .scale b {
    display: block;
    padding: 0 4px;
    background: var(--vscode-editor-background);
    font-weight: normal;
  }
`;

export interface Legend {
  rollout: Rollout;
  scoredBy: ScoredBy | undefined;
  shading: TokenShading;
  shaded: TokenShades | null;
  /** Why nothing is shaded. */
  missing: string;
  shadeBy(shading: TokenShading): void;
}

/** The template of the legend: the choice of a shading, its scale, and its meaning, or why nothing is shaded. */
export function legend({ rollout, scoredBy, shading, shaded, missing, shadeBy }: Legend) {
  const choose = (event: Event) => shadeBy((event.target as HTMLSelectElement).value as TokenShading);
  const text = [shaded?.legend ?? missing, computedText(rollout, scoredBy)].filter(Boolean).join(' · ');
  const isUp = shaded?.rose === 'all';
  const swatch = (bound: string, i: number) => html`<span class="${isUp ? 'u' : 's'}${i + 1}"><b>${bound}</b></span>`;
  return html`<div class="legend muted">
    ${
      rollout.statistics.logprob
        ? html`<label>shading <select data-shading @change=${choose}>
            ${TOKEN_SHADINGS.map((name) => html`<option value=${name} .selected=${name === shading}>${SHADING_TITLES[name]}</option>`)}
          </select></label>`
        : nothing
    }
    ${shaded ? html`<span class="scale" role="img" aria-label="Shades from weak to strong begin at ${shaded.bounds.join(', ')}">${shaded.bounds.slice(0, SHADES - 1).map(swatch)}</span>` : nothing}
    <span>${text}${shaded?.rose && !isUp ? ' · blue: more probable than at A' : ''}</span>
  </div>`;
}
