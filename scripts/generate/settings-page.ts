/** docs/settings.md: every setting of a run under all of its names, with its default. */
import { defaultText } from '../../engine/config/defaults.ts';
import { allowedFor } from '../../engine/config/messages.ts';
import { ENGINE_TOPIC, type RunSetting, TRAIN_TOPICS } from '../../engine/config/settings.ts';
import { code, escaped, table } from './markdown.ts';

const OPENING = `# Settings of a run

Every setting of a run under all of its names: the option of the command line, the field in \`config\` of a \`run.json\`
(and so in a \`--config\` file and in the VS Code setting \`rollscope.config\`), the VS Code setting where it has one of its
own, and what TRL (\`GRPOConfig\`, \`LoraConfig\`) and verl call it. Precedence, the strongest first: option, \`--config\` file,
workspace settings, user settings, preset of the model. "Others" are all models that do not ship with Rollscope.

This page is generated (\`npm run generate\`) from \`engine/protocol/settings\` and the rewards' own files.
`;

export function settingsPage(): string {
  const topics = [...TRAIN_TOPICS, ENGINE_TOPIC].map(({ title, settings }) => {
    const rows = settings.map(row);
    return `## ${title}\n\n${table(['option', 'field', 'what', 'allowed', 'default', 'VS Code', 'TRL', 'verl'], rows)}`;
  });
  return [OPENING, topics.join('\n\n'), ''].join('\n');
}

function row(placed: RunSetting): string[] {
  const { path, setting, reward } = placed;
  const flags = [setting.flag, ...(setting.aliases ?? []), setting.absolute?.flag].filter((flag) => flag !== undefined);
  return [
    flags.map(code).join(', '),
    code(path),
    escaped(reward ? `${reward}: ${setting.help}` : setting.help),
    escaped((allowedFor(setting) ?? '').replace(/^allowed: /, '')),
    escaped(defaultText(placed, code) ?? 'required'),
    setting.editor ? code(`rollscope.${setting.editor.id}`) : '',
    setting.trl ? code(setting.trl) : '',
    setting.verl ? code(setting.verl) : '',
  ];
}
