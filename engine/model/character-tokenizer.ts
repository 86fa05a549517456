/** The embedded model's tokenizer: one token per character, and one for ` #### `, as an ordinary `tokenizer.json`. */
import path from 'node:path';
import { ensureFolder, writeInPlace } from '../system/files.ts';

const PAD = '<pad>';
const EOS = '<eos>';
const ANSWER_MARK = ' #### ';

/** Tokens by id. */
export const CHARACTERS: readonly string[] = [PAD, EOS, ...'0123456789+-*/=,():. ', ANSWER_MARK];

export const CHARACTER_EOS = CHARACTERS.indexOf(EOS);

/** Token ids of a text in these characters. Throws on any other character. */
export function encodeCharacters(text: string): number[] {
  const tokens = text.match(/ #### |./gsu) ?? [];
  return tokens.map((token) => {
    const id = CHARACTERS.indexOf(token);
    if (id < 2) throw new Error(`the character tokenizer has no token for ${JSON.stringify(token)}`);
    return id;
  });
}

/** Writes `tokenizer.json` and `tokenizer_config.json` for Hugging Face's tokenizers. */
export async function writeCharacterTokenizer(folder: string): Promise<void> {
  const special = (content: string) => ({
    id: CHARACTERS.indexOf(content),
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  });
  const tokenizer = {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [special(PAD), special(EOS)],
    normalizer: null,
    pre_tokenizer: { type: 'Split', pattern: { Regex: ' #### |.' }, behavior: 'Isolated', invert: false },
    post_processor: null,
    decoder: { type: 'Fuse' },
    model: { type: 'WordLevel', vocab: Object.fromEntries(CHARACTERS.map((c, i) => [c, i])), unk_token: PAD },
  };
  const config = { tokenizer_class: 'PreTrainedTokenizerFast', pad_token: PAD, eos_token: EOS, add_bos_token: false };
  await ensureFolder(folder);
  await writeInPlace(path.join(folder, 'tokenizer.json'), `${JSON.stringify(tokenizer, null, 2)}\n`);
  await writeInPlace(path.join(folder, 'tokenizer_config.json'), `${JSON.stringify(config, null, 2)}\n`);
}
