/** The tokens that a tokenizer puts before a text that does not go through a chat template. */

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

/** What stands for the text itself among tokens. */
const TEXT = Symbol('text');
type TokenSequence = readonly (string | typeof TEXT)[];

/**
 * Their texts, joined; '' for none. `postProcessor` is that of `tokenizer.json`. What it puts after a text (an end token)
 * is left out: a response could not follow.
 * @param tokenOf the text of a token by its id, which counts where a name says something else
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
 * The sequences of a text after a post-processor, as tokenizers counts them: a template makes one of each of its parts, and
 * the next processor of a sequence takes two of them for a pair.
 */
function processed(
  sequences: readonly TokenSequence[],
  processor: PostProcessor | null | undefined,
  tokenOf: (id: number) => string | undefined,
): readonly TokenSequence[] {
  switch (processor?.type) {
    case 'Sequence':
      return processor.processors.reduce((all, one) => processed(all, one, tokenOf), sequences);
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

/** The post-processor of `tokenizer.json` that puts a token before a text. */
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
