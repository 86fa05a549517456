/** The parts of package.json that describe settings and commands. Everything else there is written by hand. */
import { defaultText } from '../../engine/config/defaults.ts';
import { valueAt } from '../../engine/config/objects.ts';
import { presetFor } from '../../engine/protocol/presets.ts';
import {
  type AnySection,
  type Fields,
  isSection,
  type Setting,
  type ValueKind,
} from '../../engine/protocol/settings/kit.ts';
import { RUN } from '../../engine/protocol/settings/run.ts';
import { capitalized } from '../../engine/protocol/texts.ts';
import { inputSchema, TOOLS, type ToolDefinition } from '../../engine/protocol/tools.ts';
import { REWARD_OPTIONS } from '../../engine/reward/option-tree.ts';
import { rewards } from '../../engine/reward/registry.ts';
import {
  COMMAND_DEFINITIONS,
  COMMAND_NAMES,
  type CommandName,
  commandId,
  type EditorCommand,
  MENUS,
  WHEN,
} from '../../extension/command-definitions.ts';
import { EDITOR_SETTINGS, OBJECT_SETTINGS, RUN_SETTINGS, SECTIONS, TAKEN } from '../../extension/editor-settings.ts';
import { toolId } from '../../extension/ids.ts';

type Json = Record<string, unknown>;

const RESTRICTED_MODE =
  'In Restricted Mode, workspace settings for models, folders, devices, programs and prompts are ignored, rewards that run programs are disabled, and experiments cannot be run.';

/** `package.json` with what is generated put in its place. */
export function manifest(current: Json): Json {
  const { commands, menus, configuration } = contributions();
  const languageModelTools = TOOLS.map(languageModelTool);
  const contributes = { ...(current.contributes as Json), commands, menus, configuration, languageModelTools };
  const capabilities = current.capabilities as Json;
  const untrustedWorkspaces = {
    supported: 'limited',
    description: RESTRICTED_MODE,
    restrictedConfigurations: restricted(),
  };
  return { ...current, capabilities: { ...capabilities, untrustedWorkspaces }, contributes };
}

function languageModelTool(tool: ToolDefinition): Json {
  return {
    name: toolId(tool.name),
    tags: ['rollscope'],
    displayName: tool.title,
    modelDescription: tool.description,
    userDescription: tool.description,
    canBeReferencedInPrompt: true,
    toolReferenceName: toolId(tool.name),
    inputSchema: inputSchema(tool),
  };
}

function contributions(): { commands: Json[]; menus: Json; configuration: Json[] } {
  const all = COMMAND_NAMES.map((name): [CommandName, EditorCommand] => [name, COMMAND_DEFINITIONS[name]]);
  const commands = all.map(([name, { title, icon }]) => ({
    command: commandId(name),
    title,
    category: 'Rollscope',
    icon: `$(${icon})`,
  }));
  const commandPalette = all.flatMap(([name, { palette }]) =>
    palette === 'always' ? [] : [{ command: commandId(name), when: palette === 'never' ? 'false' : WHEN[palette] }],
  );
  const others = MENUS.map((menu) => [
    menu,
    all.flatMap(([name, { menus = [] }]) =>
      menus
        .filter(([own]) => own === menu)
        .map(([, when, group]) => ({ command: commandId(name), when: WHEN[when], group })),
    ),
  ]);
  return { commands, menus: { commandPalette, ...Object.fromEntries(others) }, configuration: configuration() };
}

/** Every setting of the editor with its heading, in order of headings. */
function editorSettings(): { id: string; section: string; property: Json }[] {
  const ofRuns = RUN_SETTINGS.map((placed) => ({
    id: placed.setting.editor!.id,
    section: placed.setting.editor!.section,
    // A folder of several in a workspace may have values of its own.
    property: {
      scope: 'resource',
      ...(placed.path === 'reward' ? rewardProperty(placed.setting) : runProperty(placed)),
    },
  }));
  const ofEditor = Object.values<Setting>(EDITOR_SETTINGS).map((setting) => ({
    id: setting.editor!.id,
    section: setting.editor!.section,
    property: { ...typed(setting), default: setting.default, ...placing(setting), ...described(setting) },
  }));
  const { fields, config } = OBJECT_SETTINGS;
  const objects = [
    { id: 'config', section: config.section, property: configProperty() },
    {
      id: 'fields',
      section: fields.section,
      property: {
        type: 'object',
        default: {},
        additionalProperties: false,
        scope: 'resource',
        properties: propertiesOf(fields.fields),
        markdownDescription: fields.text,
      },
    },
  ];
  return [...ofRuns, ...ofEditor, ...objects];
}

function configuration(): Json[] {
  const all = editorSettings();
  return SECTIONS.map((title, i) => {
    const own = all.filter(({ section }) => section === title);
    const properties = own.map(({ id, property }, order) => [`rollscope.${id}`, { order, ...property }]);
    return { title, order: i + 1, properties: Object.fromEntries(properties) };
  });
}

/** What a workspace may not set in Restricted Mode: what names programs, models or folders, or is put into prompts. */
function restricted(): string[] {
  const settings = [...RUN_SETTINGS.map(({ setting }) => setting), ...Object.values<Setting>(EDITOR_SETTINGS)];
  const own = settings.flatMap(({ editor }) =>
    editor!.restricted || editor!.scope?.startsWith('machine') ? [`rollscope.${editor!.id}`] : [],
  );
  return [...own, 'rollscope.config'];
}

/** A default that holds for every model is shown as such; what depends on the model is empty, and explained in the text. */
function runProperty(placed: (typeof RUN_SETTINGS)[number]): Json {
  const { path, setting } = placed;
  const presets = [presetFor('embedded', true), presetFor('embedded', false), presetFor('owner/name', false)];
  const differs = presets.some((preset) => {
    const value = valueAt(preset, path);
    return path !== 'model' && value !== undefined && value !== setting.default;
  });
  const empty = differs || setting.default === null || setting.presence === 'optional' || setting.editor!.zeroIsNull;
  const isText = setting.kind.type === 'text';
  const property = typed(setting);
  const words = isText || !empty ? '' : ` Default: ${defaultText(placed)}.`;
  return {
    ...property,
    ...(empty && !isText && { type: [property.type, 'null'] }),
    default: empty ? (isText ? '' : null) : setting.default,
    ...placing(setting),
    ...described(setting, words),
  };
}

function rewardProperty(setting: Setting): Json {
  return {
    type: 'string',
    enum: rewards.map(({ name }) => name),
    default: setting.default,
    markdownEnumDescriptions: rewards.map(({ summary }) => summary),
    ...described(setting),
  };
}

/** Type and limits, in the editor's unit. */
function typed({ kind, editor }: Setting): Json {
  const scale = editor?.scale ?? 1;
  switch (kind.type) {
    case 'integer':
    case 'number':
    case 'bytes':
      return { type: kind.type === 'integer' ? 'integer' : 'number', ...limits(kind, scale, editor?.zeroIsNull) };
    case 'text':
      return { type: 'string', ...(!editor && !kind.empty && { minLength: 1 }) };
    case 'switch':
      return { type: 'boolean' };
    case 'choice':
      return {
        type: 'string',
        enum: Object.keys(kind.choices),
        markdownEnumDescriptions: Object.values(kind.choices).map(({ help }) => help),
      };
    case 'list':
      return { type: 'array', items: { type: 'string', ...(kind.choices && { enum: kind.choices }) } };
  }
}

function limits(kind: Extract<ValueKind, { min?: number }>, scale: number, zeroIsNull = false): Json {
  const found = {
    minimum: zeroIsNull ? 0 : kind.min,
    exclusiveMinimum: kind.above,
    maximum: kind.max,
    exclusiveMaximum: kind.below,
  };
  return Object.fromEntries(
    Object.entries(found).flatMap(([name, value]) => (value === undefined ? [] : [[name, value / scale]])),
  );
}

function placing({ editor }: Setting): Json {
  return {
    ...(editor?.scope && { scope: editor.scope }),
    ...(editor?.multiline && { editPresentation: 'multilineText' }),
  };
}

function described({ help, editor }: Setting, words = ''): Json {
  const text = editor?.text ?? `${capitalized(help)}.`;
  return { markdownDescription: `${text}${words}${editor?.link ? ` ${editor.link}` : ''}` };
}

/** `rollscope.config`: a whole configuration, without what something else decides. */
function configProperty(): Json {
  const sections: Fields = { ...RUN.fields, rewardOptions: REWARD_OPTIONS as AnySection };
  return {
    type: 'object',
    scope: 'resource',
    default: {},
    properties: propertiesOf(sections),
    markdownDescription: OBJECT_SETTINGS.config.text,
  };
}

/** All fields of a configuration, those that commands of the editor decide included. */
export function configurationProperties(): Json {
  return propertiesOf({ ...RUN.fields, rewardOptions: REWARD_OPTIONS as AnySection }, '', {});
}

function propertiesOf(fields: Fields, below = '', without: object = TAKEN): Json {
  const shown = Object.entries(fields).filter(([key]) => !(`${below}${key}` in without));
  return Object.fromEntries(
    shown.map(([key, node]) => [
      key,
      isSection(node)
        ? {
            type: node.is === 'nullable' ? ['object', 'null'] : 'object',
            description: `${node.title}.`,
            properties: propertiesOf(node.fields, `${below}${key}.`, without),
          }
        : fieldProperty(node),
    ]),
  );
}

function fieldProperty(node: Setting): Json {
  // Fields are in the configuration's own unit, whatever the setting of the editor takes.
  const { editor: _, ...setting } = node;
  return { ...typed(setting), description: `${capitalized(setting.help)}.` };
}
