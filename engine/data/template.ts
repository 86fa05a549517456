/** Prompt templates: `{{prompt}}` stands for the problem, `{{name}}` for any other column. */

const PLACEHOLDER = /\{\{\s*([^{}]+?)\s*\}\}/g;

/** Names that a template asks for, each once. */
export function placeholders(template: string): string[] {
  return [...new Set([...template.matchAll(PLACEHOLDER)].map(([, name]) => name!))];
}

/** Fills a template in. Values are put in as they are: what looks like a placeholder in a problem stays. */
export function render(template: string, value: (name: string) => string): string {
  return template.replace(PLACEHOLDER, (_, name: string) => value(name));
}
