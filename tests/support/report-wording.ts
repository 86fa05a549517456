/** Reports of experiments; their wording is in `tests/wording/experiments`. */
import { expect } from 'vitest';
import type { Experiment, Findings } from '../../engine/experiments/experiment.ts';
import { wordingFile } from './wording.ts';

/** Checks the wording of an experiment's report, without table rows. */
export async function expectReport(experiment: Experiment, { criteria, remarks, sections }: Findings): Promise<void> {
  const { title, question, finding, method } = experiment;
  const parts = sections.map((section) => {
    if (section.kind === 'text') return [section.title ?? '', ...section.paragraphs].join('\n');
    const head = section.note === undefined ? section.title : `${section.title}\n${section.note}`;
    if (section.kind === 'table') return `${head}\n| ${section.columns.join(' | ')} |`;
    return [head, ...section.plots.map((plot) => `  ${plot.title}: ${'x' in plot ? plot.x : ''} × ${plot.y}`)].join(
      '\n',
    );
  });
  const text = [
    ...[title, question, finding, method],
    ...criteria.map(({ expected, measured, met }) => `[${met}] ${expected}\n  ${measured}`),
    ...remarks,
    ...parts,
  ].join('\n\n');
  await expect(`${text}\n`).toMatchFileSnapshot(wordingFile(`experiments/${experiment.name}`));
}
