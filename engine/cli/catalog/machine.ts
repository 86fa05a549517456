/** Commands about this machine and the engine on it. */
import type { CommandDefinition } from './define.ts';

export const doctor: CommandDefinition = {
  name: 'doctor',
  group: 'Machine',
  summary: 'show devices and versions, what is missing and how to get it',
  json: true,
  load: async () => (await import('../commands/doctor.ts')).doctor,
};

export const serve: CommandDefinition = {
  name: 'serve',
  group: 'Machine',
  summary: 'run the engine in the background for the editor; prints its address as one JSON line when it is ready',
  sections: [
    {
      title: '',
      options: [
        {
          flags: '--when-alone <what>',
          help: 'when the last client disconnects from a run: continue, or stop with a checkpoint',
          choices: ['continue', 'stop'],
          also: { 'go-on': 'continue' },
          default: 'continue',
        },
        {
          flags: '--grace <seconds>',
          help: 'without clients and without a run, the engine ends after this time',
          default: '60',
        },
        { flags: '--out <folder>', help: 'where runs go that name no folder (default: the usual folder)' },
        { flags: '--home <folder>', help: "folder of the engine's address and log (default: the usual one)" },
      ],
    },
  ],
  json: false,
  load: async () => (await import('../commands/serve.ts')).serve,
};
