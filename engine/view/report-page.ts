/** The panel as one file: the scripts and the run are inside, and the page must not load anything. */
import { createHash, randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { toBytes } from '../messages/bytes.ts';
import { escapedHtml } from '../protocol/html.ts';
import { INLINED_ID, type InlinedRun } from '../runs/inlined-run.ts';
import { documentHtml } from './page.ts';

export interface ReportSources {
  title: string;
  /** What the file contains and what it omits, in a few words. */
  note: string;
  /** Texts of the scripts, in order. */
  scripts: readonly string[];
  run: InlinedRun;
}

/** The page as HTML text; texts are escaped where they are inserted into markup. */
export function reportHtml({ title, note, scripts, run }: ReportSources): string {
  const texts = scripts.map(inlineScript);
  const hashes = texts.map((text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`);
  const nonce = randomBytes(16).toString('base64');
  const policy = [
    "default-src 'none'",
    `script-src ${hashes.join(' ')}`,
    `style-src 'nonce-${nonce}'`,
    'img-src data: blob:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  const data = gzipSync(toBytes(run)).toString('base64');
  const body = [
    `<script type="text/plain" id="${INLINED_ID}">${data}</script>`,
    ...texts.map((text) => `<script type="module">${text}</script>`),
  ];
  const head = `<meta name="rollscope-note" content="${escapedHtml(note)}">\n`;
  return documentHtml({ policy, nonce, title: escapedHtml(title), head, body: body.join('\n') });
}

/** A script for use inside a page: it cannot begin or end a script element. */
function inlineScript(script: string): string {
  const lines = script.split('\n').filter((line) => !line.startsWith('//# sourceMappingURL='));
  return lines.join('\n').replace(/<(?=\/?script)/gi, '\\x3c');
}
