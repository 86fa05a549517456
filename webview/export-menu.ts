/** How every chart is saved: as SVG, as PNG, and its numbers as CSV. */
import { css } from 'lit';
import { type ChartNumbers, csvText, pngOf, svgOf } from './charts/export.ts';
import { html } from './html.ts';
import { type FileSaver, saveFile } from './save.ts';

/** Characters of the runs in the name of a file. */
const MAX_SUBJECT_LENGTH = 120;

export interface SavedChart {
  /** The file name, which follows the name of the run. */
  name: string;
  title: string;
  /** The chart's element, or the text of a drawing; null while there is none. */
  drawing(): SVGSVGElement | string | null;
  table(): ChartNumbers;
}

export const menuStyles = css`
  .more {
    position: relative;
    flex: none;
    display: inline-block;
    font-weight: 400;
  }
  .more summary {
    padding: 0 4px;
    list-style: none;
    cursor: pointer;
    color: var(--muted-text, var(--muted));
  }
  .more .menu {
    position: absolute;
    right: 0;
    z-index: 3;
    display: grid;
    min-width: 9em;
    padding: 4px 0;
    border: 1px solid var(--rule);
    background: var(--vscode-editorWidget-background, var(--vscode-editor-background));
  }
  .more .menu.left {
    right: auto;
    left: 0;
  }
  .more .menu button {
    padding: 2px 10px;
    border: 0;
    background: none;
    color: var(--vscode-foreground);
    font: inherit;
    text-align: left;
    cursor: pointer;
  }
  .more .menu button:hover {
    background: var(--vscode-list-hoverBackground);
  }
`;

/** An entry of a menu, which closes it. */
export function menuItem(action: string, text: string, act: () => unknown) {
  return html`<button data-action=${action} @click=${(event: Event) => {
    (event.currentTarget as Element).closest('details')!.open = false;
    void act();
  }}>${text}</button>`;
}

/** The entries that save a chart. */
export function saveItems(saver: FileSaver, chart: SavedChart) {
  return html`${menuItem('svg', 'Save as SVG…', () => save(saver, chart, 'svg'))}
    ${menuItem('png', 'Save as PNG…', () => save(saver, chart, 'png'))}
    ${menuItem('csv', 'Save as CSV…', () => save(saver, chart, 'csv'))}`;
}

/** A menu that only saves. @param side that it opens from */
export function saveMenu(saver: FileSaver, chart: SavedChart, side: 'left' | 'right' = 'right') {
  return html`<details class="more" data-save=${chart.name}><summary aria-label="Save ${chart.title}" title="Save">⋯</summary>
    <div class="menu ${side}">${saveItems(saver, chart)}</div></details>`;
}

async function save(saver: FileSaver, chart: SavedChart, type: 'svg' | 'png' | 'csv'): Promise<void> {
  const { subject } = saver;
  const file = `${`${subject.slice(0, MAX_SUBJECT_LENGTH)}-${chart.name}`.replace(/[^\w.-]+/g, '-')}.${type}`;
  if (type === 'csv') {
    saveFile(saver, file, csvText(chart.table()));
    return;
  }
  const drawn = chart.drawing();
  if (drawn === null) return;
  const drawing = typeof drawn === 'string' ? drawn : svgOf(drawn, `${chart.title} · ${subject}`);
  saveFile(saver, file, type === 'svg' ? drawing : ((await pngOf(drawing)) as Uint8Array<ArrayBuffer>));
}
