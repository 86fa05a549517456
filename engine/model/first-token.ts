/** The tokens that a tokenizer puts before a text that does not go through a chat template. */

interface TemplateProcessing {
  type: 'TemplateProcessing';
  single: ({ SpecialToken: { id: string } } | { Sequence: { id: string } })[];
  special_tokens: Record<string, { tokens: string[] }>;
}
interface ClassProcessing {
  type: 'BertProcessing' | 'RobertaProcessing';
  cls: [string, number];
}
interface SequenceProcessing {
  type: 'Sequence';
  processors: PostProcessor[];
}
type PostProcessor = TemplateProcessing | ClassProcessing | SequenceProcessing | { type: 'ByteLevel' };

/**
 * Their texts, joined; '' for none. `postProcessor` is that of `tokenizer.json`. What it puts behind a text (an end token)
 * is left out: a response could not follow.
 */
export function firstTokens(postProcessor: unknown): string {
  const processor = postProcessor as PostProcessor | null | undefined;
  switch (processor?.type) {
    case 'Sequence':
      return processor.processors.map(firstTokens).join('');
    case 'TemplateProcessing': {
      const at = processor.single.findIndex((part) => 'Sequence' in part);
      const before = processor.single
        .slice(0, at)
        .flatMap((part) => ('SpecialToken' in part ? part.SpecialToken.id : []));
      return before.flatMap((id) => processor.special_tokens[id]?.tokens ?? id).join('');
    }
    case 'BertProcessing':
    case 'RobertaProcessing':
      return processor.cls[0];
    default:
      return '';
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
