/** Which of a model's chat templates renders its prompts. */
import { isTemplateText, NO_TEMPLATE, OWN_TEMPLATE, type TemplateVariables } from '../protocol/chat-choice.ts';
import { RollscopeError } from '../protocol/errors.ts';

export interface ChatTemplates {
  /** transformers' default template; null if there is none. */
  chatTemplate: string | null;
  /** Additional templates, by their names in the model's files. */
  namedTemplates?: ReadonlyMap<string, string>;
}

export interface ChatChoice {
  /** `auto`, `none`, the name of one of the model's templates, or the text of a template. */
  template: string;
  /** Template variables, such as `enable_thinking`. */
  variables: TemplateVariables;
}

/** The text of the template; null for none. Throws RollscopeError `model` if the model has none with this name. */
export function chosenTemplate(
  { chatTemplate: usual, namedTemplates: named = new Map<string, string>() }: ChatTemplates,
  choice: ChatChoice | undefined,
  file: string,
): string | null {
  const template = choice?.template ?? OWN_TEMPLATE;
  if (template === OWN_TEMPLATE) return usual;
  if (template === NO_TEMPLATE) return null;
  if (isTemplateText(template)) return template;
  const found = named.get(template) ?? (template === 'default' ? usual : null);
  if (found !== null) return found;
  const names = [...(usual === null ? [] : ['default']), ...named.keys()];
  throw new RollscopeError(
    'model',
    `${file}: the model has no chat template named '${template}'.`,
    `${names.length > 0 ? `It has: ${names.join(', ')}.` : 'It has none.'} Other values of --chat-template: auto, none, the path of a Jinja file.`,
    { details: { reason: 'unknown-chat-template', file, value: template, allowed: names } },
  );
}
