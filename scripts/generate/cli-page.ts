/** docs/cli.md, from the program itself. */
import type { Command } from 'commander';
import { createProgram } from '../../engine/cli/program.ts';

const OPENING = `# The command line

In a checkout, \`npm run -s rollscope -- <command>\` is \`rollscope <command>\`, and \`npm start -- <options>\` is
\`rollscope train <options>\`.

- Results go to stdout; progress and remarks go to stderr.
- With \`--json\`, the last line of stdout is one JSON object. What would be text on stdout goes to stderr.
- An error is one message: \`error: ...\`, with \`hint: ...\` below it; with \`--json\` also
  \`{"error": {"code", "message", "hint", "details"}}\` on stdout: the details have the \`reason\` and the values that the
  message is about. \`ROLLSCOPE_DEBUG=1\` adds the stack trace.
- Runs are in \`~/.rollscope/runs\`, or in \`$ROLLSCOPE_HOME/runs\`, unless \`--out\` names another folder.
- Ctrl+C stops a run with a checkpoint; pressed again, it ends the process at once. Either way \`rollscope resume\`
  resumes it.
- A run in a terminal can be watched and steered from VS Code ("Rollscope: Attach to Run").
- Precedence: option > \`--config\` file > preset of the model. [settings.md](settings.md) lists every setting with its
  names here, in VS Code, in TRL and in verl, and its defaults.

| exit code | meaning |
| --- | --- |
| 0 | done |
| 1 | the run failed, or an internal error |
| 2 | wrong usage or bad input |
| 3 | stopped by the user |
`;

export function cliPage(): string {
  const program = createProgram(() => {});
  return [OPENING, '## Commands\n', usage(program), ...program.commands.map(section)].join('\n');
}

function section(command: Command): string {
  return `### rollscope ${command.name()}\n\n${usage(command)}`;
}

function usage(command: Command): string {
  return `\`\`\`text\n${fullHelp(command).trim()}\n\`\`\`\n`;
}

/** The help with the notes after it, at a fixed width. */
export function fullHelp(command: Command): string {
  let text = '';
  command.configureOutput({
    writeOut: (part) => {
      text += part;
    },
    getOutHelpWidth: () => 100,
    getOutHasColors: () => false,
  });
  command.outputHelp();
  return text;
}
