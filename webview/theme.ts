/** The theme's colors as numbers, for drawing on a canvas, and an event for when the theme changes. */
import { cssOf, type Rgb, readableOn } from './charts/contrast.ts';
import type { ThemeColors } from './charts/matrix.ts';

let probe: CanvasRenderingContext2D | null = null;

/** A color as CSS writes it; a translucent one is blended with a background. */
function rgbOf(color: string, over: Rgb): Rgb {
  if (!probe) {
    const canvas = document.createElement('canvas');
    canvas.width = canvas.height = 1;
    probe = canvas.getContext('2d', { willReadFrequently: true })!;
  }
  probe.fillStyle = `rgb(${over.join(' ')})`;
  probe.fillRect(0, 0, 1, 1);
  probe.fillStyle = color.trim() || `rgb(${over.join(' ')})`;
  probe.fillRect(0, 0, 1, 1);
  const [red, green, blue] = probe.getImageData(0, 0, 1, 1).data;
  return [red!, green!, blue!];
}

/** Channels from 0 to 255, opaque; the editor's background replaces a color that the theme lacks. */
export function themeColors(): ThemeColors {
  const style = getComputedStyle(document.documentElement);
  const color = (name: string) => style.getPropertyValue(name);
  const background = rgbOf(color('--vscode-editor-background'), [255, 255, 255]);
  return {
    background,
    accent: rgbOf(color('--vscode-charts-blue'), background),
    wrong: rgbOf(color('--vscode-charts-red'), background),
    muted: rgbOf(color('--vscode-descriptionForeground'), background),
  };
}

/** Contrast of a text to its background (WCAG 1.4.3), and a little more for rounding. */
const TEXT_CONTRAST = 4.6;
/** The colors that texts have in addition to the foreground. */
const TEXT_COLORS = {
  '--accent-text': '--vscode-charts-blue',
  '--correct-text': '--vscode-charts-green',
  '--wrong-text': '--vscode-charts-red',
  '--highlight-text': '--vscode-charts-yellow',
  '--muted-text': '--vscode-descriptionForeground',
} as const;
/** The backgrounds of texts. */
const GROUNDS = ['--vscode-list-inactiveSelectionBackground', '--vscode-list-hoverBackground'];

/** Adjusts the colors of texts so that they are readable on every background, even if the theme's own are too faint. */
export function setTextColors(): void {
  const style = getComputedStyle(document.documentElement);
  const color = (name: string) => style.getPropertyValue(name);
  const background = rgbOf(color('--vscode-editor-background'), [255, 255, 255]);
  const grounds = [background, ...GROUNDS.map((name) => rgbOf(color(name), background))];
  for (const [name, source] of Object.entries(TEXT_COLORS)) {
    const text = readableOn(rgbOf(color(source), background), grounds, TEXT_CONTRAST);
    document.body.style.setProperty(name, cssOf(text));
  }
}

/** Calls the listener when the theme changes; returns a function that ends it. */
export function onThemeChange(listener: () => void): () => void {
  const observer = new MutationObserver(listener);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['style', 'class'] });
  observer.observe(document.body, { attributes: true, attributeFilter: ['class'] });
  return () => observer.disconnect();
}
