/** The colors of a page outside VS Code: every variable that the page or its toolkit reads has a value in each theme. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { SHADES, shadeColor } from '../../../engine/protocol/shades.ts';
import { THEME_KINDS, themeCss, themeVariables } from '../../../webview/browser/themes.ts';
import { contrastOf, mix, type Rgb } from '../../../webview/charts/contrast.ts';
import { RISEN_STEP } from '../../../webview/sections/rollout/response.ts';
import { ROOT } from '../../support/processes.ts';

/** Set in high contrast only. */
const CONTRAST_ONLY = ['contrastBorder', 'contrastActiveBorder'];

function variablesIn(text: string): string[] {
  return [...text.matchAll(/--vscode-([\w-]+)/g)].map(([, name]) => name!);
}

const page = readdirSync(path.join(ROOT, 'webview'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') && !name.startsWith('browser/themes'))
  .flatMap((name) => variablesIn(readFileSync(path.join(ROOT, 'webview', name), 'utf8')));
const toolkit = variablesIn(
  readFileSync(path.join(ROOT, 'node_modules/@vscode/webview-ui-toolkit/dist/design-tokens.js'), 'utf8'),
);

describe.each(THEME_KINDS)('the theme %s', (kind) => {
  test('has every variable that is used', () => {
    expect(page.length).toBeGreaterThan(50);
    const names = new Set(Object.keys(themeVariables(kind)));
    const missing = [...page, ...toolkit].filter((name) => !names.has(name) && !CONTRAST_ONLY.includes(name));
    expect([...new Set(missing)]).toEqual([]);
    expect(names.has('contrastBorder')).toBe(kind.startsWith('high-contrast'));
  });

  test('is readable', () => {
    const { foreground, 'editor-background': background } = themeVariables(kind);
    const rgb = (color: string) => color.match(/\w\w/g)!.map((part) => Number.parseInt(part, 16)) as unknown as Rgb;
    expect(contrastOf(rgb(foreground!), rgb(background!))).toBeGreaterThan(7);
  });

  test('is readable on every token shade', () => {
    const variables = themeVariables(kind);
    const channels = (color: string) => color.match(/\w\w/g)!.map((part) => Number.parseInt(part, 16));
    const text = channels(variables.foreground!) as unknown as Rgb;
    const ground = channels(variables['editor-background']!) as unknown as Rgb;
    const blue = channels(variables['charts-blue']!);
    for (let shade = 1; shade < SHADES; shade++) {
      const [red, green, last, alpha] = channels(variables[shadeColor(shade).replace('.', '-')]!);
      const surprising = mix(ground, [red!, green!, last!], alpha! / 255);
      const risen = mix(ground, [blue[0]!, blue[1]!, blue[2]!], (shade * RISEN_STEP) / 100);
      for (const color of [surprising, risen]) expect(contrastOf(text, color), `${shade}`).toBeGreaterThan(4.6);
    }
  });
});

test('is one rule for each theme, without anything that ends it early', () => {
  expect(themeCss().match(/^:root\.vscode-[\w-]+ \{[^{}]*\}$/gm)).toHaveLength(THEME_KINDS.length);
});
