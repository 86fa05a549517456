/** The chat template of a run: a file becomes its text, so that the run has it whatever becomes of the file. */
import { readFile } from 'node:fs/promises';
import { isTemplateFile, isTemplateText } from '../../protocol/chat-choice.ts';
import { RollscopeError, type RunConfig } from '../../protocol/index.ts';

/** Largest template, in characters: the run's configuration contains it. */
const MAX_TEMPLATE_LENGTH = 256 * 1024;

/** Throws RollscopeError `config` for a file that cannot be read or is not a template. */
export async function withChatTemplate(config: RunConfig): Promise<RunConfig> {
  const file = config.chatTemplate;
  if (!isTemplateFile(file)) return config;
  const refuse = (what: string) => {
    const hint = "Give the path of a Jinja file, the name of one of the model's chat templates, 'auto' or 'none'.";
    const details = { reason: 'bad-chat-template-file', field: 'chatTemplate', file };
    return new RollscopeError('config', `The chat template ${file} ${what}.`, hint, { details });
  };
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw refuse(error.code === 'ENOENT' ? 'does not exist' : `cannot be read (${error.code ?? error.message})`);
  });
  if (text.length > MAX_TEMPLATE_LENGTH)
    throw refuse(`has ${text.length} characters; at most ${MAX_TEMPLATE_LENGTH} are allowed`);
  if (!isTemplateText(text)) throw refuse('contains no Jinja tags, such as {{ messages[0].content }}');
  return { ...config, chatTemplate: text };
}
