/** The page that carries the panel's bundle. Pure. */
export interface PageSources {
  /** `webview.cspSource`. */
  csp: string;
  /** Address of `dist/panel.js` inside the webview. */
  script: string;
  /** Fresh for every page. */
  nonce: string;
}

/** Nothing is allowed but the one script, styles and fonts of our own, and images drawn by it; styles that carry the nonce. */
export function panelHtml({ csp, script, nonce }: PageSources): string {
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src ${csp} 'nonce-${nonce}'`,
    `font-src ${csp}`,
    `img-src ${csp}`,
  ].join('; ');
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta property="csp-nonce" content="${nonce}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Rollscope</title>
</head>
<body>
<script type="module" nonce="${nonce}" src="${script}"></script>
</body>
</html>
`;
}
