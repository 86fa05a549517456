/** Commands about this machine and the engine on it. */
import { type CommandDefinition, SANDBOX } from './define.ts';

export const doctor: CommandDefinition = {
  name: 'doctor',
  category: 'Machine',
  summary: 'show devices, versions, and what is missing and how to install it',
  sections: [
    {
      title: '',
      options: [
        { flags: '--python <program>', help: 'Python with TRL installed (default: as for train --engine trl)' },
      ],
    },
  ],
  json: true,
  load: async () => (await import('../commands/doctor.ts')).doctor,
};

export const models: CommandDefinition = {
  name: 'models',
  category: 'Machine',
  summary: 'list models on this machine: the Hugging Face cache, Ollama, LM Studio',
  sections: [],
  json: true,
  load: async () => (await import('../commands/models.ts')).models,
};

export const serve: CommandDefinition = {
  name: 'serve',
  category: 'Machine',
  summary: 'run the engine in the background for the editor; prints its address as one JSON line when ready',
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
          help: 'idle time without clients and runs after which the engine exits',
          default: '60',
        },
        SANDBOX,
        { flags: '--out <folder>', help: "folder for new runs that do not name one (default: the user's runs folder)" },
        {
          flags: '--home <folder>',
          help: "folder for the engine's address and log (default: the user's Rollscope folder)",
        },
      ],
    },
  ],
  json: false,
  load: async () => (await import('../commands/serve.ts')).serve,
};
