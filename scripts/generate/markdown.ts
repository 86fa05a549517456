/** Tables of the generated pages. */

export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  return [header, header.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** A text for a cell or an item of a list. What is code in it stays as it is; placeholders of templates become code. */
export function escaped(text: string): string {
  const parts = text.replaceAll('|', '\\|').split(/(`[^`]*`)/);
  return parts.map((part, i) => (i % 2 === 1 ? part : prose(part))).join('');
}

function prose(text: string): string {
  return text.replaceAll('<', '\\<').replace(/(?:\{\{\w+\}\})+/g, code);
}

/** A text in which nothing is marked up. */
export function code(text: string): string {
  return `\`${text}\``;
}
