/** Lenses in `rollscope.json`: each configuration can be started. */
import { findNodeAtLocation, parseTree } from 'jsonc-parser';
import * as vscode from 'vscode';
import { CONFIGURATIONS, CONFIGURATIONS_FILE } from '../../engine/config/named-configurations.ts';
import { commandOf } from '../command-definitions.ts';

/** The argument of the command that starts one. */
export interface ConfigurationArgument {
  uri: string;
  name: string;
}

interface FoundConfiguration {
  name: string;
  job: 'train' | 'probe';
  /** Where its name begins in the text. */
  offset: number;
}

/** The configurations of a text that may be incomplete while it is typed. */
export function findConfigurations(text: string): FoundConfiguration[] {
  const root = parseTree(text);
  const all = root && findNodeAtLocation(root, [CONFIGURATIONS]);
  return (all?.children ?? []).flatMap(({ children = [], offset }) => {
    const [name, value] = children;
    if (value?.type !== 'object') return [];
    const job = findNodeAtLocation(value, ['job'])?.value;
    return [{ name: String(name!.value), job: job === 'probe' ? ('probe' as const) : ('train' as const), offset }];
  });
}

/** Offers lenses until it is disposed of. */
export class ConfigurationLenses implements vscode.CodeLensProvider {
  private readonly registration = vscode.languages.registerCodeLensProvider(
    { pattern: `**/${CONFIGURATIONS_FILE}` },
    this,
  );

  provideCodeLenses(document: vscode.TextDocument): vscode.CodeLens[] {
    return findConfigurations(document.getText()).map(({ name, job, offset }) => {
      const place = document.positionAt(offset);
      const argument: ConfigurationArgument = { uri: document.uri.toString(), name };
      const title = `$(play) ${job === 'probe' ? 'Probe' : 'Train'}`;
      return new vscode.CodeLens(
        new vscode.Range(place, place),
        commandOf('startConfiguration', [argument], { title, tooltip: 'Start a run with this configuration.' }),
      );
    });
  }

  dispose(): void {
    this.registration.dispose();
  }
}
