/** The styles of the panel's frame. */
import { css } from 'lit';

export const appStyles = css`
  :host {
    display: block;
    height: 100vh;
    overflow: clip;
  }
  /* Clipped, not hidden: what scrolls into view within a pane must not scroll the frame. */
  .frame {
    display: flex;
    flex-direction: column;
    height: 100%;
    overflow: clip;
  }
  rs-header,
  rs-diagnosis,
  rs-find,
  rs-notes,
  rs-cursor-a-run,
  rs-scrubber {
    flex: none;
  }
  .keys {
    display: grid;
    grid-template-columns: auto 1fr;
    gap: 4px 14px;
    margin: 0;
  }
  dialog {
    position: fixed;
    inset: 24px 0 auto;
    z-index: 10;
    max-height: calc(100vh - 48px);
    overflow: auto;
    padding: 12px 16px;
    color: inherit;
    background: var(--vscode-editorWidget-background, var(--vscode-editor-background));
    border: 1px solid var(--rule);
  }
  dt {
    font-family: var(--vscode-editor-font-family);
  }
  dd {
    margin: 0;
  }
  .empty {
    padding: 40px 20px;
    text-align: center;
  }
`;
