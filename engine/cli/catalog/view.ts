/** Commands that show a run outside the terminal. */
import { type CommandDefinition, RUN, WHERE } from './define.ts';

export const view: CommandDefinition = {
  name: 'view',
  category: 'Runs',
  summary: 'show a run in a browser: the same panel as in VS Code, read-only, live',
  arguments: [RUN],
  sections: [
    {
      title: '',
      options: [{ flags: '--port <n>', help: 'port on 127.0.0.1 (default: a free one)' }, WHERE],
    },
  ],
  json: true,
  examples: [
    ['rollscope view latest', 'prints the address'],
    ['rollscope view latest --port 8123', 'on a remote machine; on yours: ssh -L 8123:127.0.0.1:8123 <host>'],
  ],
  notes:
    'Only this machine can reach the address, and only with the token in it. The page follows the run while it trains and changes nothing.',
  load: async () => (await import('../commands/view.ts')).view,
};
