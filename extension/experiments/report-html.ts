/** Adapts a report's page to VS Code: no scripts, colors of the theme. Pure. */

/** The report's colors from the theme; verdicts and series keep their own colors, which are readable and distinct. */
const THEME = {
  fg: '--vscode-editor-foreground',
  dim: '--vscode-descriptionForeground',
  bg: '--vscode-editor-background',
  line: '--vscode-editorWidget-border, var(--vscode-contrastBorder, rgb(128 128 128 / 35%))',
  soft: '--vscode-textCodeBlock-background',
};

/**
 * The page with a policy that allows only styles with the nonce. The theme, not the system, decides between light and
 * dark: the page's variables for both are put under the classes that the editor sets on the body.
 */
export function themedReport(page: string, nonce: string): string {
  const light = variables(/:root\{([^{}]*)\}/.exec(page)?.[1] ?? '');
  const dark = variables(/prefers-color-scheme:\s*dark\)\s*\{\s*:root\{([^{}]*)\}/.exec(page)?.[1] ?? '');
  const own = Object.entries(THEME).map(([name, value]) => `--${name}:var(${value})`);
  const style = [
    // Equal specificity, so that the later rule wins: a light high-contrast theme has both classes.
    `body.vscode-dark,body.vscode-high-contrast{${dark}}`,
    `body.vscode-light,body.vscode-high-contrast-light{${light}}`,
    `body[class]{${own.join(';')};padding:0;font-family:var(--vscode-font-family);background:var(--bg);color:var(--fg)}`,
    'body pre,body code{font-family:var(--vscode-editor-font-family);color:var(--fg);background:var(--soft)}',
    'body.vscode-high-contrast figure{outline:1px solid var(--vscode-contrastBorder);outline-offset:4px}',
    'summary:focus-visible{outline:1px solid var(--vscode-focusBorder)}',
  ].join('\n');
  const policy = `default-src 'none'; style-src 'nonce-${nonce}'`;
  // The policy precedes all content of the page, which is not trusted.
  const content = page.replace(/^\s*<!doctype html>/i, '');
  return `<!doctype html><meta http-equiv="Content-Security-Policy" content="${policy}">${content}`
    .replace(/<style>/g, `<style nonce="${nonce}">`)
    .replace('</head>', () => `<style nonce="${nonce}">\n${style}\n</style></head>`);
}

/** Custom properties only. */
function variables(block: string): string {
  const properties = block.split(';').map((property) => property.trim());
  return properties.filter((property) => /^--[\w-]+:./.test(property)).join(';');
}
