/** The command that searches rollouts. */
import { PHASES } from '../../protocol/group-id.ts';
import { type CommandDefinition, RUN, WHERE } from './define.ts';

export const find: CommandDefinition = {
  name: 'find',
  category: 'Runs',
  summary:
    'search all rollouts of a run: text, regular expression, answer, finish reason, reward; with counts over the steps',
  arguments: [RUN, { text: '[text]', help: 'text that the response contains' }],
  sections: [
    {
      title: '',
      options: [
        {
          flags: '--regex <pattern>',
          help: 'regular expression that the response matches (its time is linear in the text; no back-references)',
        },
        { flags: '--match-case', help: 'match upper and lower case in text and pattern' },
        { flags: '--answer <answer>', help: 'the extracted answer' },
        { flags: '--unanswered', help: 'rollouts without an answer' },
        { flags: '--correct', help: 'correct rollouts only' },
        { flags: '--wrong', help: 'wrong rollouts only' },
        {
          flags: '--finish <reason>',
          help: 'how the response ended: stop, or length (truncated at the length limit)',
          choices: ['stop', 'length'],
        },
        { flags: '--min-reward <x>', help: 'reward of at least x' },
        { flags: '--max-reward <x>', help: 'reward of at most x' },
        { flags: '--phase <name>', help: `rollouts of ${PHASES.join(', ')} (default: all)` },
        { flags: '--from <step>', help: 'from this step on' },
        { flags: '--to <step>', help: 'up to this step' },
        { flags: '--problem <id>', help: 'this problem only' },
        { flags: '--limit <n>', help: 'how many matches to list', default: '20' },
        WHERE,
      ],
    },
  ],
  json: true,
  examples: [
    ['rollscope find latest wait', 'does "wait" disappear during training?'],
    ["rollscope find latest --regex '[一-龥]'", 'responses with Chinese characters'],
    ['rollscope find latest --answer 7 --wrong --from 20', ''],
  ],
  load: async () => (await import('../commands/find.ts')).find,
};
