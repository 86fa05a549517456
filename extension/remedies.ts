/** Texts of the engine as the editor says them: what the terminal calls an option is a setting here. */
import { SETTINGS } from '../engine/config/settings.ts';
import type { ErrorData } from '../engine/protocol/errors.ts';
import type { Head } from '../engine/runs/head.ts';
import type { HostWords } from '../engine/view/conversation.ts';

/** How each option of a run is set in the editor. */
const NAMES: ReadonlyMap<string, string> = new Map(
  SETTINGS.flatMap(({ path, setting }) => {
    const name = setting.editor ? `rollscope.${setting.editor.id}` : `rollscope.config: ${path}`;
    const { flag, aliases = [] } = setting;
    return (flag ? [flag, ...aliases] : aliases).map((option) => [option as string, name] as const);
  }),
);

/**
 * A message or a hint with settings in place of the options of the command line; other options stay, and so does what
 * the text quotes of its facts, such as the output of a program with options of its own.
 */
export function inEditor(text: string, { field: _, ...facts }: Readonly<Record<string, unknown>> = {}): string {
  const quotes = Object.values(facts).flatMap((fact) => {
    const start = typeof fact === 'string' && fact !== '' ? text.indexOf(fact) : -1;
    return start < 0 ? [] : { start, end: start + (fact as string).length };
  });
  return text.replace(/--[a-z][a-z0-9-]*/g, (flag, at: number) => {
    const setting = quotes.some(({ start, end }) => start <= at && at < end) ? undefined : NAMES.get(flag);
    return setting === undefined ? flag : `the setting ${setting}`;
  });
}

/** Remarks of `analyze` and `rescore` about options that the editor does not have. */
const TERMINAL_ONLY = ['; choose with --phase', ' (--json gives the reasons)'];

/** The output of a command about a run, without what only the command line can do. */
export function outputInEditor(text: string): string {
  return inEditor(TERMINAL_ONLY.reduce((shown, remark) => shown.replaceAll(remark, ''), text));
}

/** An error with the texts that the editor shows. */
export function errorInEditor<E extends Pick<ErrorData, 'message' | 'hint' | 'details'>>(error: E): E {
  const { message, hint, details } = error;
  const shown = (text: string) => inEditor(text, details);
  return { ...error, message: shown(message), ...(hint !== undefined && { hint: shown(hint) }) };
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

/** How the panel's host says them. @param scheme of links that this editor opens: `vscode-insiders`, `vscodium` */
export function editorWords(scheme: string): HostWords {
  return { scheme, error: errorInEditor, head: headInEditor };
}

/** The id of the setting that an error's field names; null where it names none. */
export function settingIn(field: unknown): string | null {
  return (typeof field === 'string' && /^setting (rollscope(?:\.\w+)+)/.exec(field)?.[1]) || null;
}
