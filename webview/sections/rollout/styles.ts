/** The styles of the rollout pane. */
import { css } from 'lit';
import { failureStyles } from '../../failure-notice.ts';
import { shared } from '../../styles.ts';
import { forkStyles } from './fork.ts';
import { headStyles } from './head.ts';
import { jumpStyles } from './jumps.ts';
import { legendStyles } from './legend.ts';
import { mapStyles } from './map-view.ts';
import { promptStyles } from './prompt.ts';
import { responseStyles } from './response.ts';

export const rolloutStyles = [
  shared,
  failureStyles,
  responseStyles,
  legendStyles,
  forkStyles,
  headStyles,
  promptStyles,
  mapStyles,
  jumpStyles,
  css`
    details {
      margin: 4px 0;
    }
    summary {
      cursor: pointer;
    }
    .reader {
      position: sticky;
      top: -8px;
      z-index: 2;
      padding: 4px 0;
      background: var(--vscode-editor-background);
      border-bottom: 1px solid var(--rule);
    }
  `,
];
