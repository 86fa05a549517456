/** Which problems, and how they are read. */
import { integer, section, text, texts } from './kit.ts';

export const FIELD_MAP = section('Columns', {
  prompt: text({
    title: 'Problem column',
    help: 'column with the problem, unless it has a usual name (prompt, question, problem)',
    example: 'question',
    placeholder: 'name',
    flag: '--problem-field',
    former: ['--prompt-field'],
    trl: 'prompt',
    verl: 'data.prompt_key',
    absent: 'by usual names',
  }),
  answer: text({
    title: 'Answer column',
    help: 'column with the reference answer, unless it has a usual name (answer, ground_truth, solution)',
    example: 'label',
    placeholder: 'name',
    flag: '--answer-field',
    verl: 'reward_model.ground_truth',
    absent: 'by usual names',
  }),
  id: text({
    title: 'Id column',
    help: "column with the problem's id, unless it is called id (none = number the rows)",
    example: 'name',
    placeholder: 'name',
    flag: '--id-field',
    absent: 'id, or else the row',
  }),
});

export const DATASET = section('Problems', {
  /**
   * Absolute path of a .jsonl, .json, .csv or .parquet file, of a folder of such files, a text to be continued (.txt, .md),
   * a dataset of the Hub, or `embedded`.
   */
  path: text({
    title: 'Problem file',
    help: 'a .jsonl, .json, .csv or .parquet file, a folder of such files, a dataset on the Hugging Face Hub (owner/name@revision), a text to continue (.txt, .md), or embedded',
    example: 'problems.jsonl',
    names: 'dataset',
    required: true,
    trl: 'dataset_name',
    verl: 'data.train_files',
  }),
  split: text({
    title: 'Split',
    help: 'part of a folder or Hub dataset to read, with its configuration where it has several (test, main/test)',
    example: 'test',
    placeholder: 'name',
    flag: '--split',
    trl: 'dataset_train_split',
    absent: 'the only one, or train',
  }),
  fields: FIELD_MAP,
  template: text({
    title: 'Prompt template',
    help: 'prompt template; {{problem}} is replaced by the problem, {{name}} by that column',
    example: '{{problem}} Answer within \\boxed{}.',
    placeholder: 'text',
    flag: '--template',
    empty: true,
    default: '{{problem}}',
    editor: {
      id: 'promptTemplate',
      section: 'Problems',
      scope: 'resource',
      restricted: true,
      multiline: true,
      text: 'Prompt template. `{{problem}}` is replaced by the problem, `{{name}}` by that column. By default the embedded model gets the problem alone; other models are asked to reason step by step and to put the final answer within `\\boxed{}`.',
    },
  }),
  system: text({
    title: 'System prompt',
    help: 'system message, for models with a chat template',
    example: 'You are a careful mathematician.',
    placeholder: 'text',
    flag: '--system',
    empty: true,
    absent: 'none',
    editor: {
      id: 'systemPrompt',
      section: 'Problems',
      scope: 'resource',
      restricted: true,
      multiline: true,
    },
  }),
  limit: integer({
    title: 'Number of problems',
    help: 'use only the first n problems',
    example: '100',
    placeholder: 'n',
    flag: '--limit',
    min: 1,
    max: 1_000_000,
    absent: 'all',
    verl: 'data.train_max_samples',
  }),
  ids: texts({
    title: 'Problems by id',
    help: 'use only this problem; repeatable',
    example: 'robe',
    placeholder: 'id',
    flag: '--id',
    least: 1,
    repeat: true,
    absent: 'all',
  }),
});
