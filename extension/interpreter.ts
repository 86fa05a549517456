/** The Python that a run on TRL gets where no setting names one: the one of the Python extension, else `.venv` of the folder. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import { isOnTrl, type RunConfig } from '../engine/protocol/index.ts';

/** The part of the Python extension's API that is used. */
interface PythonExtension {
  environments: {
    getActiveEnvironmentPath(resource?: vscode.Uri): { path: string };
    resolveEnvironment(environment: { path: string }): Promise<{ executable: { uri?: vscode.Uri } } | undefined>;
  };
}

/** Adds the interpreter of the workspace if the run needs one and the workspace is trusted. */
export async function withInterpreter(config: RunConfig, scope: vscode.Uri | undefined): Promise<RunConfig> {
  if (!isOnTrl(config) || config.engine?.python !== undefined || !vscode.workspace.isTrusted) return config;
  const python = (await chosenInterpreter(scope)) ?? ownEnvironment(scope);
  return python === null ? config : { ...config, engine: { ...config.engine!, python } };
}

/** null without the extension, or if no interpreter is selected. */
async function chosenInterpreter(scope: vscode.Uri | undefined): Promise<string | null> {
  try {
    const extension = vscode.extensions.getExtension<PythonExtension>('ms-python.python');
    const { environments } = (await extension?.activate()) ?? {};
    const found = await environments?.resolveEnvironment(environments.getActiveEnvironmentPath(scope));
    return found?.executable.uri?.fsPath ?? null;
  } catch {
    return null;
  }
}

function ownEnvironment(scope: vscode.Uri | undefined): string | null {
  const folder = scope ? vscode.workspace.getWorkspaceFolder(scope) : vscode.workspace.workspaceFolders?.[0];
  if (!folder) return null;
  const inside = process.platform === 'win32' ? ['Scripts', 'python.exe'] : ['bin', 'python'];
  const python = path.join(folder.uri.fsPath, '.venv', ...inside);
  return existsSync(python) ? python : null;
}
