/** Commands that show a run outside the terminal. */
import { type CommandDefinition, RUN, WHERE } from './define.ts';

export const view: CommandDefinition = {
  name: 'view',
  category: 'Runs',
  summary: 'show a run in a browser: the same panel as in VS Code, read-only, live',
  arguments: [RUN, { text: '[other...]', help: 'runs that it can be compared with, at cursor A of the panel' }],
  sections: [
    {
      title: '',
      options: [{ flags: '--port <n>', help: 'port on 127.0.0.1 (default: a free one)' }, WHERE],
    },
  ],
  json: true,
  examples: [
    ['rollscope view latest', 'prints the address'],
    ['rollscope view second first', 'cursor A can be set to steps of the run first'],
    ['rollscope view latest --port 8123', 'on a remote machine; on yours: ssh -L 8123:127.0.0.1:8123 <host>'],
  ],
  notes:
    'Only this machine can reach the address, and only with the token in it. The page follows the run while it trains and changes nothing.',
  load: async () => (await import('../commands/view.ts')).view,
};

export const report: CommandDefinition = {
  name: 'report',
  category: 'Runs',
  summary: 'write a run as one HTML file: the panel with its data, which any browser opens offline',
  arguments: [RUN],
  sections: [
    {
      title: '',
      options: [
        { flags: '--html <file>', help: 'file to write (default: <run>.html in the current folder)' },
        {
          flags: '--megabytes <n>',
          help: 'rollouts up to this size, before compression: of each problem the last ones, those before training, then the latest of the others (default: 24)',
        },
        WHERE,
      ],
    },
  ],
  json: true,
  examples: [
    ['rollscope report latest', ''],
    ['rollscope report latest --html run.html --megabytes 5', 'a smaller one, for email'],
  ],
  notes:
    'The file contains problems, references, rollouts and the configuration of the run: anyone who has it can read them.',
  load: async () => (await import('../commands/report.ts')).report,
};
