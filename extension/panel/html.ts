/** The page that loads the panel's bundle. Pure. */
export interface PageSources {
  /** `webview.cspSource`. */
  csp: string;
  /** Address of `dist/panel.js` inside the webview. */
  script: string;
  /** Different for every page. */
  nonce: string;
}

/** Allows only the one script, the extension's own styles, fonts and images, and styles with the nonce. */
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
