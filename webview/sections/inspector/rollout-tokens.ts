/** One rollout: its tokens, shaded by probability, the answer that was found, and the explanation of its reward. */
import { css, nothing, unsafeCSS } from 'lit';
import type { Rollout, ScoredBy } from '../../../engine/protocol/group.ts';
import { quantityText } from '../../../engine/protocol/quantities.ts';
import { computedText } from '../../../engine/protocol/scored-text.ts';
import { SHADES, shadeColor } from '../../../engine/protocol/shades.ts';
import { TOKEN_SHADINGS, type TokenShading } from '../../../engine/runs/panel-state.ts';
import { html } from '../../html.ts';
import { answerSpan, SHADING_TITLES, tokenShades } from '../../token-shades.ts';
import { correctnessClass, correctnessMark } from './correctness.ts';

export const rolloutTokenStyles = css`
  .tokens {
    font-family: var(--vscode-editor-font-family);
    font-size: var(--vscode-editor-font-size);
    white-space: pre-wrap;
    overflow-wrap: anywhere;
    margin: 6px 0;
    line-height: 1.6;
  }
  .facts {
    display: flex;
    flex-wrap: wrap;
    gap: 0 12px;
  }
  .why {
    margin: 2px 0;
    overflow-wrap: anywhere;
  }
  .tokens .answer {
    outline: 1px solid var(--vscode-charts-orange, var(--highlight));
    outline-offset: 1px;
  }
  select {
    field-sizing: content;
    border: 1px solid transparent;
    color: var(--vscode-foreground);
    background: var(--vscode-editor-background);
    font: inherit;
  }
  option {
    color: var(--vscode-dropdown-foreground);
    background: var(--vscode-dropdown-background);
  }
  ${shades()}
`;

export interface RolloutTokens {
  rollout: Rollout;
  /** Its group. */
  rollouts: readonly Rollout[];
  /** In its group, from 0. */
  index: number;
  /** Explanation of its reward. */
  why: string | undefined;
  /** Opens it in the editor. */
  shading: TokenShading;
  /** Chooses another shading. */
  shadeBy(shading: TokenShading): void;
  open(): void;
  /** Has the token statistics computed that the trainer did not record; absent where they are recorded. */
  compute?(): void;
  /** Who computed them; absent where nobody did. */
  scoredBy?: ScoredBy | undefined;
}

/** A template of the tokens. Without token statistics they are not shaded, and it says why. */
export function rolloutTokens(options: RolloutTokens) {
  const { rollout, rollouts, scoredBy, index, why, shading, shadeBy, open, compute } = options;
  const { logprob, entropy, top1, top2 } = rollout.statistics;
  const { answer, correct, reward, advantage } = rollout;
  const shaded = tokenShades(rollout.statistics, shading);
  const legend = shaded?.legend ?? 'token probabilities were not recorded';
  const span = answerSpan(rollout.text, answer);
  let at = 0;
  const token = (tokenText: string, t: number) => {
    const title = [
      `probability ${quantityText('tokenProbability', logprob && Math.exp(logprob[t]!))}`,
      `entropy ${quantityText('entropy', entropy?.[t])} nats`,
      `top-1 ${quantityText('tokenProbability', top1?.[t])}, top-2 ${quantityText('tokenProbability', top2?.[t])}`,
    ].join(' · ');
    const isAnswer = span !== null && at < span.end && at + tokenText.length > span.start;
    at += tokenText.length;
    return html`<span class="s${shaded?.shades[t] ?? 0}${isAnswer ? ' answer' : ''}" title=${title}>${tokenText}</span>`;
  };
  return html`<section class="rollout" data-rollout=${index + 1} data-answer=${answer ?? nothing} data-reward=${reward ?? nothing}>
    <h2>Rollout ${index + 1}<span class="value">of ${rollouts.length}</span></h2>
    <div class="facts">
      <span>answer <b class="mono ${correctnessClass(correct)}">${answer ?? 'none'} ${correctnessMark(correct)}</b></span>
      <span>reward <b>${quantityText('reward', reward)}</b></span>
      ${advantage === null ? nothing : html`<span>advantage <b>${quantityText('advantage', advantage)}</b></span>`}
    </div>
    ${why ? html`<p class="why muted">${why}</p>` : nothing}
    <div class="muted">
      ${
        logprob
          ? html`<label>shading <select data-shading @change=${(event: Event) => shadeBy((event.target as HTMLSelectElement).value as TokenShading)}>
              ${TOKEN_SHADINGS.map((name) => html`<option value=${name} .selected=${name === shading}>${SHADING_TITLES[name]}</option>`)}
            </select></label> · `
          : nothing
      }${[legend, computedText(rollout, scoredBy)].filter(Boolean).join(' · ')}${span === null ? nothing : ' · outlined: the extracted answer'}
    </div>
    <div class="tokens">${rollout.tokenTexts?.map(token) ?? rollout.text}</div>
    <vscode-button appearance="secondary" data-action="open-rollout" @click=${open}>Open in editor</vscode-button>
    ${logprob || !compute ? nothing : html`<vscode-button appearance="secondary" data-action="compute-statistics" title="A local model reads the rollouts of the run and computes what the trainer did not record" @click=${compute}>Compute token statistics…</vscode-button>`}
  </section>`;
}

/** The same backgrounds as in the editor: the less probable a token, the stronger. */
function shades() {
  const rules = Array.from(
    { length: SHADES - 1 },
    (_, i) => `.s${i + 1} { background: var(--vscode-${shadeColor(i + 1).replace('.', '-')}); }`,
  );
  return unsafeCSS(rules.join('\n'));
}
