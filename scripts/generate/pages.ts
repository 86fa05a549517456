/** Everything that is generated: files of the repository, each from the definitions that it shows. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { cliPage } from './cli-page.ts';
import { configurationsSchema } from './configurations-schema.ts';
import { experimentsPage } from './experiments-page.ts';
import { manifest } from './manifest.ts';
import { metricsPage } from './metrics-page.ts';
import { noticesPage } from './notices-page.ts';
import { rewardsPage } from './rewards-page.ts';
import { settingsPage } from './settings-page.ts';

export interface GeneratedFile {
  /** Below the repository. */
  file: string;
  text: string;
}

export function generatedFiles(root: string): GeneratedFile[] {
  const current = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  return [
    { file: 'package.json', text: `${JSON.stringify(manifest(current), null, 2)}\n` },
    { file: 'media/rollscope.schema.json', text: configurationsSchema() },
    { file: 'docs/cli.md', text: cliPage() },
    { file: 'docs/settings.md', text: settingsPage() },
    { file: 'docs/rewards.md', text: rewardsPage() },
    { file: 'docs/metrics.md', text: metricsPage(readFileSync(path.join(root, 'docs/metrics.md'), 'utf8')) },
    { file: 'docs/experiments.md', text: experimentsPage() },
    { file: 'THIRD-PARTY-NOTICES.md', text: noticesPage(root) },
  ];
}
