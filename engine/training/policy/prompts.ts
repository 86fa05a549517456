/** Prompts as the model gets them: rendered through its chat template and encoded, once for a run. */
import type { ModelSource } from '../../model/source.ts';
import type { PromptText } from '../../model/tokenizer.ts';
import { RollscopeError } from '../../protocol/index.ts';

/** A prompt as the model gets it: behind the chat template. */
export interface EncodedPrompt {
  text: string;
  /** Token ids. */
  tokens: number[];
}

/** A prompt that the model cannot take; names its problem. */
export class PromptError extends RollscopeError {
  constructor(problem: number, message: string, hint: string) {
    super('dataset', message, hint, { problem });
  }
}

/** The prompts as tokens. Throws PromptError for one that the model cannot take, `model` where tokenizer and weights do not fit. */
export function encodePrompts(
  prompts: readonly (PromptText | EncodedPrompt)[],
  maxTokens: number,
  { name, config, tokenizer }: Pick<ModelSource, 'name' | 'config' | 'tokenizer'>,
): { encoded: EncodedPrompt[]; warnings: string[] } {
  const encoded = prompts.map((prompt): EncodedPrompt => {
    if ('tokens' in prompt) return { text: prompt.text, tokens: prompt.tokens };
    const text = tokenizer.renderPrompt(prompt);
    return { text, tokens: [...tokenizer.encode(text)] };
  });
  let unread = 0;
  encoded.forEach(({ tokens }, i) => {
    if (tokens.length === 0) throw new PromptError(i, 'The prompt is empty.', 'Check the template.');
    if (tokens.length + maxTokens > config.contextLength) {
      throw new PromptError(
        i,
        `The prompt has ${tokens.length} tokens; with ${maxTokens} new tokens it does not fit the model's context of ${config.contextLength}.`,
        'Shorten the problem, take fewer new tokens (--max-tokens), or leave the problem out.',
      );
    }
    const largest = tokens.reduce((a, b) => Math.max(a, b));
    if (largest >= config.vocabularySize) {
      throw new RollscopeError(
        'model',
        `${name}: its tokenizer gives token ${largest}, but its vocabulary has ${config.vocabularySize}.`,
        'Tokenizer and weights are of different models; fetch the model again.',
      );
    }
    if (tokenizer.unknownId !== null && tokens.includes(tokenizer.unknownId)) unread++;
  });
  const warnings =
    unread === 0
      ? []
      : [
          `${unread} of ${encoded.length} prompts hold characters that the model ${name} cannot read. ` +
            'Choose a model that can (--model, or "Choose Model" in the editor).',
        ];
  return { encoded, warnings };
}
