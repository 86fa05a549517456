/** The rollout that is chosen: its tokens, and why it got its reward. */
import { css, nothing } from 'lit';
import { customElement } from 'lit/decorators.js';
import { plural } from '../../engine/protocol/format.ts';
import { Component } from '../component.ts';
import { failureNotice, failureStyles } from '../failure-notice.ts';
import { html } from '../html.ts';
import { shared } from '../styles.ts';
import { rolloutTokenStyles, rolloutTokens } from './inspector/rollout-tokens.ts';

/** The element of the pane for one rollout. */
@customElement('rs-rollout')
export class RolloutView extends Component {
  static override styles = [shared, failureStyles, rolloutTokenStyles, css``];

  override render() {
    const { selected, groups, columns, selection, requests, failures, info } = this.store;
    const row = selected?.view.row ?? null;
    if (row === null) return html`<p class="muted">No rollout to show.</p>`;
    const id = columns.idOf(row);
    const reading = groups.of(id);
    if (reading.state === 'reading') return html`<p class="muted" role="status">Loading rollouts…</p>`;
    // The problem's pane says why.
    if (reading.state === 'failed') return nothing;
    const { rollouts, scoredBy } = reading.detail;
    const index = selection.rolloutIn(rollouts.length);
    const rollout = rollouts[index];
    if (!rollout) return html`<p class="muted">${plural(0, 'rollout')}</p>`;
    const failure = failureNotice('openRollout', failures.of('openRollout'), () => failures.clear('openRollout'));
    const view = rolloutTokens({
      rollout,
      rollouts,
      scoredBy,
      index,
      why: reading.why[index],
      shading: selection.shading,
      shadeBy: (shading) => selection.setShading(shading),
      open: () => requests.openRollout(id, index),
      ...(info?.origin.engine !== 'rollscope' && { compute: () => requests.control('statistics') }),
    });
    return html`${view} ${failure}`;
  }
}
