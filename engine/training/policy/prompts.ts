/** Prompts as the model gets them: rendered with its chat template and encoded, once per run. */

import { longestSequence } from '../../model/config.ts';
import type { PromptText } from '../../model/prompt-text.ts';
import type { ModelSource } from '../../model/source.ts';
import { NO_TEMPLATE } from '../../protocol/chat-choice.ts';
import { type ErrorDetails, RollscopeError } from '../../protocol/index.ts';

/** Vocabularies up to this size belong to character-level models, which are not chat models. */
const MAX_CHARACTER_VOCABULARY = 256;

/** A prompt as the model gets it: after the chat template. */
export interface EncodedPrompt {
  text: string;
  /** Token ids. */
  tokens: number[];
}

/** A prompt that the model cannot process, with the problem that it belongs to. */
export class PromptError extends RollscopeError {
  constructor(problem: number, message: string, hint: string, details: ErrorDetails) {
    super('dataset', message, hint, { problem, details });
  }
}

type PromptModel = Pick<ModelSource, 'name' | 'config' | 'tokenizer'>;

/**
 * Encodes the prompts. Throws PromptError for one that the model cannot process, `model` if tokenizer and weights do
 * not match.
 */
export function encodePrompts(
  prompts: readonly (PromptText | EncodedPrompt)[],
  { date, maxTokens, template }: { date: Date; maxTokens: number; template?: string | undefined },
  model: PromptModel,
): { encoded: EncodedPrompt[]; warnings: string[] } {
  const { tokenizer } = model;
  const encoded = prompts.map((prompt): EncodedPrompt => {
    if ('tokens' in prompt) return { text: prompt.text, tokens: prompt.tokens };
    const { text, tokens } = tokenizer.encodePrompt(prompt, date);
    return { text, tokens: [...tokens] };
  });
  for (const [i, { tokens }] of encoded.entries()) checkTokens(tokens, i, maxTokens, model);
  return { encoded, warnings: warningsOf(encoded, template, model) };
}

/** @param problem index of the prompt's problem */
function checkTokens(
  tokens: readonly number[],
  problem: number,
  maxTokens: number,
  { name, config }: PromptModel,
): void {
  if (tokens.length === 0)
    throw new PromptError(problem, 'The prompt is empty.', 'Check the template.', { reason: 'empty-prompt' });
  const most = longestSequence(config);
  if (tokens.length + maxTokens > most) {
    const [reason, bound] =
      most === config.contextLength
        ? ['prompt-too-long', `the model's context length of ${most}`]
        : [
            'beyond-original-context',
            `the model's original context of ${most} tokens, up to which LongRoPE is supported`,
          ];
    throw new PromptError(
      problem,
      `The prompt has ${tokens.length} tokens; with ${maxTokens} new tokens it exceeds ${bound}.`,
      'Shorten the problem, lower --max-tokens, or leave out the problem.',
      { reason, tokens: tokens.length, maxTokens, most },
    );
  }
  const largest = tokens.reduce((a, b) => Math.max(a, b));
  if (largest >= config.vocabularySize) {
    throw new RollscopeError(
      'model',
      `${name}: the tokenizer produces token id ${largest}, but the vocabulary has ${config.vocabularySize} tokens.`,
      'Tokenizer and weights are from different models; download the model again.',
      {
        details: {
          reason: 'token-out-of-vocabulary',
          model: name,
          token: largest,
          vocabulary: config.vocabularySize,
        },
      },
    );
  }
}

/** What a user should know although it does not stop anything. */
function warningsOf(
  encoded: readonly EncodedPrompt[],
  template: string | undefined,
  { name, config, tokenizer }: PromptModel,
): string[] {
  const { unknownId } = tokenizer;
  const unread = encoded.filter(({ tokens }) => unknownId !== null && tokens.includes(unknownId)).length;
  const warnings: string[] = [];
  if (unread > 0) {
    warnings.push(
      `${unread} of ${encoded.length} prompts contain characters outside the vocabulary of the model ${name}. ` +
        'Choose another model (--model, or "Choose Model" in the editor).',
    );
  }
  if (!tokenizer.hasChatTemplate && template !== NO_TEMPLATE && config.vocabularySize > MAX_CHARACTER_VOCABULARY) {
    const names = tokenizer.templateNames.join(', ');
    warnings.push(
      `The model ${name} has no chat template${names && ` of its own choice, but some by name (${names})`}: prompts are plain text. ` +
        `${names ? 'Choose one with --chat-template' : 'For a chat model, pass one with --chat-template'}; with --chat-template none, plain text is intended.`,
    );
  }
  if (!tokenizer.eosIds.some((id) => id < config.vocabularySize)) {
    warnings.push(
      `The model ${name} has no end token: every response runs to the limit of new tokens. ` +
        'Add eos_token_id to the generation_config.json of its folder.',
    );
  }
  return warnings;
}
