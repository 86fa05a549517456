/** Tables of the generated pages. */

export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  return [header, header.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** A text for a cell. */
export function escaped(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('{{', '`{{').replaceAll('}}', '}}`').replaceAll('<', '\\<');
}
