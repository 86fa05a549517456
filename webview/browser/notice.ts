/** A line across the page about its connection, on top of everything. */
import { visible } from '../../engine/protocol/visible.ts';

let line: HTMLElement | null = null;

/** Replaces the text that is shown. @param text shown as text, never as markup */
export function showNotice(text: string): void {
  if (!line) {
    line = document.createElement('div');
    line.setAttribute('role', 'alert');
    Object.assign(line.style, {
      position: 'fixed',
      inset: '0 0 auto',
      zIndex: '10',
      padding: '6px 12px',
      border: '1px solid var(--vscode-inputValidation-errorBorder)',
      color: 'var(--vscode-inputValidation-errorForeground)',
      background: 'var(--vscode-inputValidation-errorBackground)',
    });
    document.body.append(line);
  }
  line.textContent = visible(text);
}
