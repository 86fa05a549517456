/** Prompt templates: `{{problem}}` (or `{{prompt}}`) is replaced by the problem, `{{name}}` by any other column. */

const PLACEHOLDER = /\{\{([^{}]+)\}\}/g;

/** Whether a placeholder is replaced by the problem itself. */
export function isProblemPlaceholder(name: string): boolean {
  return name === 'problem' || name === 'prompt';
}

/** Names that a template asks for, each once. */
export function placeholders(template: string): string[] {
  return [...new Set([...template.matchAll(PLACEHOLDER)].map(([, name]) => name!.trim()))];
}

/** Fills in a template. Values are inserted as they are, so what looks like a placeholder in a problem stays. */
export function render(template: string, value: (name: string) => string): string {
  return template.replace(PLACEHOLDER, (_, name: string) => value(name.trim()));
}
