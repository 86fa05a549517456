/** The command that annotates runs. */
import { type CommandDefinition, WHERE } from './define.ts';

export const note: CommandDefinition = {
  name: 'note',
  category: 'Runs',
  summary: 'attach a note to a place in a run, pin the place, or list its notes',
  arguments: [
    { text: '<place>', help: "a link copied from the panel or a report, a run's name or folder, or 'latest'" },
    { text: '[text]', help: 'text of the note (default: list the notes)' },
  ],
  sections: [
    {
      title: '',
      options: [
        { flags: '--pin', help: 'pin the place: it is listed first' },
        { flags: '--remove', help: 'remove the notes at exactly this place' },
        WHERE,
      ],
    },
  ],
  json: true,
  examples: [
    ["rollscope note latest 'the learning rate was too high'", ''],
    ["rollscope note 'vscode://rollscope.rollscope/run?folder=…&problem=chain-001' --pin", ''],
  ],
  load: async () => (await import('../commands/note.ts')).note,
};
