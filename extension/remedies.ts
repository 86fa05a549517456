/** Rewords the engine's texts for the editor, where the options of the command line are settings. */
import { type RunSetting, SETTINGS } from '../engine/config/settings.ts';
import type { ErrorData } from '../engine/protocol/errors.ts';
import type { Head } from '../engine/runs/head.ts';
import type { HostWords } from '../engine/view/host-words.ts';

/** What replaces each option of a run in a text. */
function namesBy(nameOf: (placed: RunSetting) => string): ReadonlyMap<string, string> {
  return new Map(
    SETTINGS.flatMap((placed) => {
      const { flag, aliases = [] } = placed.setting;
      return (flag ? [flag, ...aliases] : aliases).map((option) => [option as string, nameOf(placed)] as const);
    }),
  );
}

/** How each option of a run is set in the editor. */
const IN_SETTINGS = namesBy(
  ({ path, setting }) =>
    `the setting ${setting.editor ? `rollscope.${setting.editor.id}` : `rollscope.config: ${path}`}`,
);
/** The field of a configuration that each option of a run sets. */
const IN_FIELDS = namesBy(({ path }) => path);

type Facts = Readonly<Record<string, unknown>>;

/**
 * Leaves other options unchanged, and what the text quotes from its details, such as the output of a program that has
 * options of its own.
 */
function renamed(text: string, facts: Facts, names: ReadonlyMap<string, string>): string {
  return eachOption(text, facts, (option) => names.get(option) ?? option);
}

/** The text with `of` in place of each option that is not part of a quotation. */
function eachOption(text: string, { field: _, ...facts }: Facts, of: (option: string) => string): string {
  const quotes = Object.values(facts).flatMap((fact) => {
    const start = typeof fact === 'string' && fact !== '' ? text.indexOf(fact) : -1;
    return start < 0 ? [] : { start, end: start + (fact as string).length };
  });
  return text.replace(/--[a-z][a-z0-9-]*/g, (option, at: number) =>
    quotes.some(({ start, end }) => start <= at && at < end) ? option : of(option),
  );
}

/** The fields of a configuration that an error names, each once: those that it is about, then those that its texts set by options. */
export function pathsIn({ message, hint = '', details }: ErrorData): string[] {
  const paths = new Set(details?.settings);
  const add = (option: string) => {
    const path = IN_FIELDS.get(option);
    if (path !== undefined) paths.add(path);
    return option;
  };
  add(String(details?.field));
  for (const text of [message, hint]) eachOption(text, details ?? {}, add);
  return [...paths];
}

/** A message or a hint with settings in place of the options of the command line. */
export function inEditor(text: string, facts: Facts = {}): string {
  return renamed(text, facts, IN_SETTINGS);
}

/** An error with fields of a configuration in place of the options of the command line. */
export function errorInFields<E extends Pick<ErrorData, 'message' | 'hint' | 'details'>>(error: E): E {
  return reworded(error, (text) => renamed(text, error.details ?? {}, IN_FIELDS));
}

/** Remarks of `analyze` and `rescore` about options that the editor does not have. */
const TERMINAL_ONLY = ['; choose with --phase', ' (--json gives the reasons)'];

/** The output of a command about a run, without what only the command line can do. */
export function outputInEditor(text: string): string {
  return inEditor(TERMINAL_ONLY.reduce((shown, remark) => shown.replaceAll(remark, ''), text));
}

/** An error with the texts that the editor shows. */
export function errorInEditor<E extends Pick<ErrorData, 'message' | 'hint' | 'details'>>(error: E): E {
  return reworded(error, (text) => inEditor(text, error.details));
}

function reworded<E extends Pick<ErrorData, 'message' | 'hint'>>(error: E, say: (text: string) => string): E {
  const { message, hint } = error;
  return { ...error, message: say(message), ...(hint !== undefined && { hint: say(hint) }) };
}

/** What a run's records say to people, with the texts that the editor shows. */
function headInEditor(head: Head): Head {
  const { warnings, end } = head;
  const error = end?.error;
  return {
    ...head,
    warnings: warnings.map((warning) => ({ ...warning, message: inEditor(warning.message) })),
    end: error ? { ...end, error: errorInEditor(error) } : end,
  };
}

/** The editor's wording, for the panel's host. @param scheme of this editor's links: `vscode-insiders`, `vscodium` */
export function editorWords(scheme: string): HostWords {
  return { scheme, error: errorInEditor, head: headInEditor };
}

/** The id of the setting that an error's field names; null where it names none. */
export function settingIn(field: unknown): string | null {
  return (typeof field === 'string' && /^setting (rollscope(?:\.\w+)+)/.exec(field)?.[1]) || null;
}
