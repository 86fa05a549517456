/** A report's page as the editor shows it: without scripts, in the theme's colours. Pure. */

/** The report's colours by the theme's; verdicts and series keep their own, which everybody can read and tell apart. */
const THEME = {
  fg: '--vscode-editor-foreground',
  dim: '--vscode-descriptionForeground',
  bg: '--vscode-editor-background',
  line: '--vscode-editorWidget-border, var(--vscode-contrastBorder, rgb(128 128 128 / 35%))',
  soft: '--vscode-textCodeBlock-background',
};

/**
 * The page with a policy that allows nothing but styles that carry the nonce. The system's choice between light and
 * dark gives way to the theme's: the variables that the page has for both are put under the classes that the editor
 * gives to the body.
 */
export function themedReport(page: string, nonce: string): string {
  const light = variables(/:root\{([^}]*)\}/.exec(page)?.[1] ?? '');
  const dark = variables(/prefers-color-scheme:\s*dark\)\s*\{\s*:root\{([^}]*)\}/.exec(page)?.[1] ?? '');
  const own = Object.entries(THEME).map(([name, value]) => `--${name}:var(${value})`);
  const style = [
    // Equally specific, so that the later goes over the earlier: a light contrast theme has both of its classes.
    `body.vscode-dark,body.vscode-high-contrast{${dark}}`,
    `body.vscode-light,body.vscode-high-contrast-light{${light}}`,
    `body[class]{${own.join(';')};padding:0;font-family:var(--vscode-font-family);background:var(--bg);color:var(--fg)}`,
    'body pre,body code{font-family:var(--vscode-editor-font-family);color:var(--fg);background:var(--soft)}',
    'body.vscode-high-contrast figure{outline:1px solid var(--vscode-contrastBorder);outline-offset:4px}',
    'summary:focus-visible{outline:1px solid var(--vscode-focusBorder)}',
  ].join('\n');
  const policy = `default-src 'none'; style-src 'nonce-${nonce}'`;
  return page
    .replace(/<style>/g, `<style nonce="${nonce}">`)
    .replace('<head>', () => `<head><meta http-equiv="Content-Security-Policy" content="${policy}">`)
    .replace('</head>', () => `<style nonce="${nonce}">\n${style}\n</style></head>`);
}

/** Custom properties only. */
function variables(block: string): string {
  return [...block.matchAll(/--[\w-]+:[^;]+/g)].map(([property]) => property.trim()).join(';');
}
