/**
 * What the end-to-end tests start: VS Code's server and the packaged extension. Free of Vitest, because the suite's global
 * setup builds both before the test files run in parallel.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { cleanEnvironment } from './environment.ts';
import { PATIENCE } from './wait.ts';

const ROOT = path.join(import.meta.dirname, '..', '..');
export const SETUP = path.join(ROOT, '..', 'shared', 'tools', 'setup-vscode.mjs');
const INSTALLED = path.join(ROOT, '.cache', 'vscode-e2e');
export const VSIX = path.join(ROOT, '.cache', 'rollscope.vsix');
/** A folder of extensions with only this one, which every window starts with a copy of. */
export const EXTENSIONS = path.join(ROOT, '.cache', 'vscode-extensions');
export const EXTENSION = 'rollscope.rollscope';

/** Installs the test server if it is missing, and returns its location. */
export function installVsCode(): { node: string; serverMain: string } {
  run('installing VS Code', process.execPath, [SETUP, INSTALLED]);
  return JSON.parse(readFileSync(path.join(INSTALLED, 'vscode-e2e.json'), 'utf8'));
}

/** Packages the extension if any of its sources are newer than the last package. */
export function packageExtension(): void {
  const sources = ['dist', 'media', 'package.json', 'scripts/package.mjs'].map((name) => path.join(ROOT, name));
  const newest = Math.max(...sources.flatMap(filesBelow).map((file) => statSync(file).mtimeMs));
  if (existsSync(VSIX) && statSync(VSIX).mtimeMs > newest) return;
  run('packaging the extension', process.execPath, [path.join(ROOT, 'scripts', 'package.mjs'), '--out', VSIX]);
}

/** Installs the package as users do, if it is newer than what was installed last. */
export function installExtension(): void {
  const listed = path.join(EXTENSIONS, 'extensions.json');
  if (existsSync(listed) && statSync(listed).mtimeMs > statSync(VSIX).mtimeMs) return;
  rmSync(EXTENSIONS, { recursive: true, force: true });
  const { node, serverMain } = installVsCode();
  const data = mkdtempSync(path.join(tmpdir(), 'rs-'));
  const folders = ['--user-data-dir', path.join(data, 'u'), '--server-data-dir', path.join(data, 's')];
  const args = ['--install-extension', VSIX, ...folders, '--extensions-dir', EXTENSIONS];
  run('installing the extension', node, [serverMain, ...args, '--accept-server-license-terms']);
  rmSync(data, { recursive: true, force: true });
}

/** Runs a program of the project to completion. Throws with its output if it fails. */
export function run(what: string, command: string, args: string[]): void {
  const result = spawnSync(command, args, { cwd: ROOT, env: cleanEnvironment(), encoding: 'utf8', timeout: PATIENCE });
  if (result.status !== 0) {
    throw new Error(`${what} failed: ${result.error ?? ''}\n${result.stdout}\n${result.stderr}`);
  }
}

/** Paths of the files in a folder, at any depth; for a file, its own path. */
export function filesBelow(name: string): string[] {
  if (!statSync(name).isDirectory()) return [name];
  return readdirSync(name, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
}
