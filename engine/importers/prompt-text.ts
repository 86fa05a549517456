/** Extracts the problem's own text from a prompt after the chat template, since trainers log the latter. Pure. */

import { withoutPadding } from './padding.ts';

/** What surrounds a user's turn, per family of templates, with and without the special tokens. */
const TEMPLATES: readonly RegExp[] = [
  /^(?:<\|im_start\|>system\n(?:(?!<\|im_start\|>)[\s\S])*)?<\|im_start\|>user\n([\s\S]*)<\|im_end\|>\n<\|im_start\|>assistant\n(?:<think>\n*)?$/,
  /^(?:system\n(?:(?!\nuser\n)[\s\S])*\n)?user\n([\s\S]*)\nassistant\n(?:<think>\n*)?$/,
  /^(?:<\|begin_of_text\|>)?(?:<\|start_header_id\|>system<\|end_header_id\|>\n\n(?:(?!<\|start_header_id\|>)[\s\S])*)?<\|start_header_id\|>user<\|end_header_id\|>\n\n([\s\S]*)<\|eot_id\|><\|start_header_id\|>assistant<\|end_header_id\|>\n\n$/,
  /^(?:system\n\n(?:(?!user\n\n)[\s\S])*)?user\n\n([\s\S]*)assistant\n\n$/,
  /^(?:<bos>)?<start_of_turn>user\n([\s\S]*)<end_of_turn>\n<start_of_turn>model\n$/,
  /^user\n([\s\S]*)\nmodel\n$/,
  /^(?:<s>)?\s*\[INST\]([\s\S]*)\[\/INST\]\s*$/,
  /^(?:<｜begin▁of▁sentence｜>)?<｜User｜>([\s\S]*)<｜Assistant｜>(?:<think>\n*)?$/,
];

/** Signs of another turn within what was taken for a single one. */
const TURN = /<\|im_start\|>|<\|start_header_id\|>|<start_of_turn>|<｜Assistant｜>|\nassistant\n|\[\/INST\]/;

/** Longer prompts are not searched: the patterns would take too long. */
const MAX_SEARCHED_LENGTH = 200_000;

/**
 * The user's turn, if the prompt has exactly one and its template is known; otherwise the prompt itself, without
 * padding.
 */
export function userText(logged: string): string {
  if (logged.length > MAX_SEARCHED_LENGTH) return logged;
  const prompt = withoutPadding(logged);
  for (const template of TEMPLATES) {
    const text = template.exec(prompt)?.[1];
    if (text !== undefined && text.trim() !== '' && !TURN.test(text)) return text.trim();
  }
  return prompt;
}
