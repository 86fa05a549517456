/** The tokens that a tokenizer puts before a text without a chat template. */

type TemplatePart = { SpecialToken: { id: string } } | { Sequence: { id: string } };
interface TemplateProcessing {
  type: 'TemplateProcessing';
  single: TemplatePart[];
  pair?: TemplatePart[];
  special_tokens: Record<string, { ids?: number[]; tokens: string[] }>;
}
interface ClassProcessing {
  type: 'BertProcessing' | 'RobertaProcessing';
  sep: [string, number];
  cls: [string, number];
}
interface SequenceProcessing {
  type: 'Sequence';
  processors: PostProcessor[];
}
type PostProcessor = TemplateProcessing | ClassProcessing | SequenceProcessing | { type: 'ByteLevel' };

/** Represents the text itself in a token sequence. */
const TEXT = Symbol('text');
type TokenSequence = readonly (string | typeof TEXT)[];

/**
 * Texts of the first tokens, joined; '' if there are none. `postProcessor` is that of `tokenizer.json`. Tokens after
 * the text (an end token) are left out, since no response could follow.
 * @param tokenOf the text of a token by its id, which overrides the name in the post-processor
 */
export function firstTokens(
  postProcessor: unknown,
  tokenOf: (id: number) => string | undefined = () => undefined,
): string {
  const all = processed([[TEXT]], postProcessor as PostProcessor | null | undefined, tokenOf).flat();
  const before = all.includes(TEXT) ? all.slice(0, all.indexOf(TEXT)) : [];
  return before.join('');
}

/**
 * The token sequences after a post-processor, as the tokenizers library counts them: a template makes a sequence of
 * each of its parts, and the next processor in a `Sequence` treats two of them as a pair.
 */
function processed(
  sequences: readonly TokenSequence[],
  processor: PostProcessor | null | undefined,
  tokenOf: (id: number) => string | undefined,
): readonly TokenSequence[] {
  switch (processor?.type) {
    case 'Sequence':
      return processor.processors.reduce((all, item) => processed(all, item, tokenOf), sequences);
    case 'TemplateProcessing': {
      const { single, pair = single, special_tokens } = processor;
      return (sequences.length === 2 ? pair : single).flatMap((part): readonly TokenSequence[] => {
        if ('Sequence' in part) return sequences.filter((_, i) => i === (part.Sequence.id === 'B' ? 1 : 0));
        const { id } = part.SpecialToken;
        const { ids = [], tokens = [id] } = special_tokens[id] ?? {};
        return [tokens.map((token, i) => tokenOf(ids[i] ?? -1) ?? token)];
      });
    }
    case 'BertProcessing':
    case 'RobertaProcessing': {
      const token = ([text, id]: [string, number]) => tokenOf(id) ?? text;
      const { cls, sep, type } = processor;
      const between = type === 'RobertaProcessing' ? [token(sep)] : [];
      return sequences.map((sequence, i) => [...(i === 0 ? [token(cls)] : between), ...sequence, token(sep)]);
    }
    default:
      return sequences;
  }
}

/** A post-processor for `tokenizer.json` that puts a token before a text. */
export function startsWith(token: string, id: number): object {
  const special = { SpecialToken: { id: token, type_id: 0 } };
  const text = (name: 'A' | 'B', type: number) => ({ Sequence: { id: name, type_id: type } });
  return {
    type: 'TemplateProcessing',
    single: [special, text('A', 0)],
    pair: [special, text('A', 0), { SpecialToken: { id: token, type_id: 1 } }, text('B', 1)],
    special_tokens: { [token]: { id: token, ids: [id], tokens: [token] } },
  };
}
