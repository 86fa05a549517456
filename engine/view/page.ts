/** The page that loads the panel's bundle. Pure. */
export interface PageSources {
  /** Where styles, fonts and images of the host may be loaded from, such as `webview.cspSource`; '' for nowhere. */
  csp: string;
  /** Addresses of the scripts, in order. */
  scripts: readonly string[];
  /** Different for every page. */
  nonce: string;
  /** Where the scripts may connect to (default: nowhere). */
  connect?: string;
}

/** Allows only these scripts, the host's own styles, fonts and images, pictures that the page draws, and styles with the nonce. */
export function pagePolicy({ csp, nonce, connect }: Omit<PageSources, 'scripts'>): string {
  const own = csp === '' ? '' : ` ${csp}`;
  return [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src${own} 'nonce-${nonce}'`,
    ...(csp === '' ? [] : [`font-src${own}`]),
    `img-src${own} data: blob:`,
    ...(connect === undefined ? [] : [`connect-src ${connect}`]),
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
}

/** The parts of a document of the panel; the caller escapes texts. */
export interface PageDocument {
  policy: string;
  nonce: string;
  title: string;
  /** More of the head, and the body, as markup. */
  head?: string;
  body: string;
}

/** A document of the panel, for a webview, a browser or a file. */
export function documentHtml({ policy, nonce, title, head = '', body }: PageDocument): string {
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta property="csp-nonce" content="${nonce}">
<meta name="viewport" content="width=device-width, initial-scale=1">
${head}<link rel="icon" href="data:,">
<title>${title}</title>
</head>
<body>
${body}
</body>
</html>
`;
}

/** The page as HTML text, whose policy allows the scripts with this nonce only. */
export function pageHtml(sources: PageSources): string {
  const { scripts, nonce } = sources;
  const tags = scripts.map((script) => `<script type="module" nonce="${nonce}" src="${script}"></script>`);
  return documentHtml({ policy: pagePolicy(sources), nonce, title: 'Rollscope', body: tags.join('\n') });
}
