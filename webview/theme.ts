/** The theme's colors as numbers, for what is drawn on a canvas, and the news that the theme has changed. */
import type { Rgb } from './charts/contrast.ts';
import type { ThemeColors } from './charts/matrix.ts';

let probe: CanvasRenderingContext2D | null = null;

/** A color as CSS writes it, over a background where it is translucent. */
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

/** Calls the listener when the theme changes; returns a function that ends it. */
export function onThemeChange(listener: () => void): () => void {
  const observer = new MutationObserver(listener);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['style', 'class'] });
  observer.observe(document.body, { attributes: true, attributeFilter: ['class'] });
  return () => observer.disconnect();
}
