/** How the answer in a response is found, and when two answers are equal. */
import { answerRuleError } from '../answer-rule.ts';
import { choice, section, text } from './kit.ts';

export const GRADING = section('Answers', {
  answer: text({
    title: 'Answer extraction',
    help: 'where the answer is in a response: auto (\\boxed{x}, #### x, the answer is x), boxed, hash, tag:<name>, choice:<letters>, last-number, last-line, last-sentence, regex:<pattern> (its first group), whole',
    example: 'last-number',
    placeholder: 'rule',
    flag: '--answer',
    default: 'auto',
    check: answerRuleError,
    editor: {
      id: 'answer',
      section: 'Problems',
      scope: 'resource',
      text: 'Where the answer is in a response: `auto` (`\\boxed{x}`, `#### x`, "the answer is x"), `boxed`, `hash`, `tag:<name>`, `choice:<letters>`, `last-number`, `last-line`, `last-sentence`, `regex:<pattern>` (its first group), `whole`.',
    },
  }),
  compare: choice(
    {
      math: 'as mathematics: 1/2 equals 0.5',
      text: 'as words, without case, articles and punctuation',
      number: 'as numbers, without the words around them',
      choice: 'as letters of choices',
      set: 'as sets of items, in any order',
    },
    {
      title: 'Answer comparison',
      help: 'when two answers are equal: math (1/2 equals 0.5), text (as words), number, choice (letters) or set (items in any order)',
      flag: '--compare',
      default: 'math',
      editor: { id: 'compare', section: 'Problems', scope: 'resource', text: 'When two answers are equal.' },
    },
  ),
});
