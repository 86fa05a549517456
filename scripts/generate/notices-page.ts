/** THIRD-PARTY-NOTICES.md: which packages ship, from where, and under which licenses. From the sources and the lock file. */
import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import path from 'node:path';
import { table } from './markdown.ts';

export interface LockedPackage {
  version: string;
  license?: string;
  integrity?: string;
  resolved?: string;
  link?: boolean;
  dev?: boolean;
  hasInstallScript?: boolean;
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
}

export interface ShippedPackage extends LockedPackage {
  name: string;
  /** Its folder below the repository. */
  place: string;
}

/** Folders whose code is bundled. */
const PROGRAMS = ['engine', 'extension', 'webview'];
const IMPORT =
  /(?:\bfrom|\bimport|\bimport\()\s*'((?:@[\w.-]+\/)?[\w.-]+)(?:\/[^']*)?'|node_modules\/((?:@[\w.-]+\/)?[\w.-]+)\//g;
/** Given by VS Code, or installed by the user (an optional peer dependency). */
const NOT_SHIPPED = new Set(['vscode', '@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node', ...builtinModules]);

export function lockedPackages(root: string): Record<string, LockedPackage> {
  return JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8')).packages;
}

/** What the programs import, and what that depends on: bundled, or installed next to them. Sorted by name. */
export function shippedPackages(root: string): ShippedPackage[] {
  const locked = lockedPackages(root);
  const found = new Map<string, ShippedPackage>();
  const take = (name: string, from: string) => {
    const place = placeOf(name, from, locked);
    // Types are not code.
    if (place === null || found.has(place) || name.startsWith('@types/')) return;
    const entry = locked[place]!;
    found.set(place, { ...entry, name, place });
    for (const next of Object.keys({ ...entry.dependencies, ...entry.optionalDependencies })) take(next, place);
  };
  for (const name of importedBy(root)) take(name, '');
  return [...found.values()].sort((a, b) =>
    a.name === b.name ? (a.place < b.place ? -1 : 1) : a.name < b.name ? -1 : 1,
  );
}

function importedBy(root: string): Set<string> {
  const names = new Set<string>();
  for (const program of PROGRAMS) {
    for (const file of readdirSync(path.join(root, program), { recursive: true, encoding: 'utf8' })) {
      if (!file.endsWith('.ts')) continue;
      for (const [, name, reached] of readFileSync(path.join(root, program, file), 'utf8').matchAll(IMPORT)) {
        const found = (name ?? reached)!;
        if (!NOT_SHIPPED.has(found)) names.add(found);
      }
    }
  }
  return names;
}

/** Where Node would find a package from the folder of another; null where the lock file lacks it. */
function placeOf(name: string, from: string, locked: Record<string, LockedPackage>): string | null {
  for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
    const place = `${at === '' ? '' : `${at}/`}node_modules/${name}`;
    if (locked[place]) return place;
    if (at === '') return null;
  }
}

export function noticesPage(root: string): string {
  const shipped = shippedPackages(root);
  const texts = new Map<string, string[]>();
  for (const one of shipped) {
    const text = licenseText(path.join(root, one.place));
    if (text !== null) texts.set(text, [...(texts.get(text) ?? []), `${one.name} ${one.version}`]);
  }
  const rows = shipped.map(({ name, version, license = '', integrity = '' }) => [
    name,
    version,
    license,
    `\`${integrity.slice(0, 23)}\``,
  ]);
  const sections = [...texts].map(([text, of]) => `### ${of.join(', ')}\n\n\`\`\`text\n${text}\n\`\`\`\n`);
  return `# Third-party notices

Rollscope is licensed under Apache-2.0 ([LICENSE](LICENSE)). Its packages contain, or install, the packages below: what the
programs import and what that depends on, each from the npm registry, with the version and the integrity hash (its beginning
here) of \`package-lock.json\`. The embedded models and problems are made by \`npm run pretrain\` and are under Rollscope's
license. \`npm run generate\` writes this file.

${table(['package', 'version', 'license', 'integrity'], rows)}

## Licenses

${sections.join('\n')}`;
}

/** The text of a package's license, without what differs in layout only; null where the package has none. */
function licenseText(folder: string): string | null {
  const names = readdirSync(folder).filter((name) => /^(?:licen[cs]e|copying)(?:[.-].*)?$/i.test(name));
  if (names.length === 0) return null;
  const text = readFileSync(path.join(folder, names.sort()[0]!), 'utf8');
  return text
    .replace(/\r\n?/g, '\n')
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
    .replaceAll('```', "'''")
    .trim();
}
