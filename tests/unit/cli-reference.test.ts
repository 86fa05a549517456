/** docs/cli.md is written from the program itself: `npx vitest run tests/unit/cli-reference.test.ts -u` renews it. */
import path from 'node:path';
import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { longFlag, TRAIN_GROUPS } from '../../engine/cli/options.ts';
import { createProgram } from '../../engine/cli/program.ts';
import { buildRunConfig } from '../../engine/cli/run-config.ts';

const FILE = path.join(import.meta.dirname, '../../docs/cli.md');

const OPENING = `# The command line

In a checkout, \`npm run -s rollscope -- <command>\` is \`rollscope <command>\`, and \`npm start -- <options>\` is
\`rollscope train <options>\`.

- Results go to stdout; progress and remarks go to stderr.
- With \`--json\`, the last line of stdout is one JSON object. What would be text on stdout goes to stderr.
- An error is one message: \`error: ...\`, with \`hint: ...\` below it; with \`--json\` also
  \`{"error": {"code", "message", "hint"}}\` on stdout. \`ROLLSCOPE_DEBUG=1\` adds the stack trace.
- Runs lie in \`~/.rollscope/runs\`, or in \`$ROLLSCOPE_HOME/runs\`, unless \`--out\` names another folder.
- Ctrl+C stops a run with a checkpoint; pressed again, it ends the process at once. Either way \`rollscope resume\` goes on.
- A run in a terminal can be watched and steered from VS Code ("Rollscope: Attach to Run").

| exit code | meaning |
| --- | --- |
| 0 | done |
| 1 | the run failed, or an internal error |
| 2 | wrong usage or bad input |
| 3 | stopped by the user |
`;

const DEFAULTS = `## Defaults of a run

The defaults are the preset of the model: one for the embedded model, one for all others. A \`--config\` file goes before
the preset, an option before both. The file holds the fields of this table, nested as in \`config\` of a \`run.json\`.

`;

test('docs/cli.md is what the program says', async () => {
  const program = createProgram(() => {});
  const parts = [OPENING, '## Commands\n', usage(program), ...program.commands.map(section), DEFAULTS + defaults()];
  await expect(parts.join('\n')).toMatchFileSnapshot(FILE);
});

test('every option says what it does, and every command has an example or needs none', () => {
  const program = createProgram(() => {});
  for (const command of program.commands) {
    expect(command.description(), command.name()).not.toBe('');
    for (const option of command.options) expect(option.description, `${command.name()} ${option.flags}`).not.toBe('');
    if (command.options.length > 4) expect(fullHelp(command), command.name()).toContain('rollscope');
  }
});

function section(command: Command): string {
  return `### rollscope ${command.name()}\n\n${usage(command)}`;
}

function usage(command: Command): string {
  return `\`\`\`text\n${fullHelp(command).trim()}\n\`\`\`\n`;
}

/** The help with what stands behind it, at a fixed width. */
function fullHelp(command: Command): string {
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

function defaults(): string {
  const embedded = buildRunConfig('train', undefined, {}, TRAIN_GROUPS);
  const other = buildRunConfig('train', '/problems.jsonl', { model: 'owner/name' }, TRAIN_GROUPS);
  const rows = TRAIN_GROUPS.flatMap(({ options }) => options).map(({ flags, path: field }) => [
    `\`${longFlag(flags)}\``,
    `\`${field}\``,
    shown(valueAt(embedded, field)),
    shown(valueAt(other, field)),
  ]);
  const lora = ['`--lora`', '`lora.rank`', shown(embedded.lora?.rank ?? null), shown(other.lora?.rank ?? null)];
  const header = ['option', 'field', 'embedded model', 'other models'];
  return [header, header.map(() => '---'), ...rows, lora]
    .map((row) => `| ${row.join(' | ')} |`)
    .join('\n')
    .concat('\n');
}

function valueAt(config: unknown, field: string): unknown {
  return field.split('.').reduce<unknown>((value, key) => (value as Record<string, unknown> | null)?.[key], config);
}

function shown(value: unknown): string {
  if (value === undefined || value === null || (Array.isArray(value) && value.length === 0)) return '-';
  if (Array.isArray(value)) return value.join(', ');
  if (value === '/problems.jsonl' || value === 'owner/name') return '-';
  return `${value}`.replaceAll('\n', '\\n');
}
