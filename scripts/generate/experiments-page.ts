/** docs/experiments.md, from the registry of experiments. */
import { studies } from '../../engine/experiments/studies/index.ts';

const OPENING = `# Experiments

The paper's findings (arXiv 2603.08660) as studies that anyone can rerun: \`rollscope experiment <name>\`, or **Rollscope:
Run Experiment** from the command palette. A study is a set of ordinary runs in one folder. The same command goes on with
it after an interruption, and ends with one self-contained HTML report: plots, tables, and a verdict that is computed
from criteria which the report lists with the numbers that decided. *Reproduced*: all criteria are met; *partly*: some
are; *not*: none is.

Without a dataset and with an embedded model a study runs on the embedded world at its default size, within about 15
minutes on two cores. With a dataset or another model (\`rollscope experiment <name> problems.jsonl --model <model>\`) it
takes these, and all options of \`rollscope train\` go over its own settings. \`--seeds\` repeats each run; intervals are
95%. The report also says how the [collapse watch and the forecast](metrics.md) did over the study's runs.
[results.md](results.md) tells what came out.

This page is generated (\`npm run generate\`) from the registry of studies (\`engine/experiments/studies\`).
`;

export function experimentsPage(): string {
  const parts = studies.map((study) => {
    const { model, steps, batch, optimizer } = study.defaults;
    const size = [
      `model \`${model ?? 'embedded'}\``,
      ...(steps === undefined ? [] : [`${steps} steps`]),
      ...(batch === undefined ? [] : [`${batch} problems per step`]),
      ...(optimizer?.lr === undefined ? [] : [`rate ${optimizer.lr}`]),
      `${study.seeds} ${study.seeds === 1 ? 'seed' : 'seeds'}`,
      `about ${study.minutes} minutes`,
    ];
    return [
      `## ${study.title}`,
      `\`rollscope experiment ${study.name}\``,
      study.question,
      `**In the paper.** ${study.finding}`,
      `**Here.** ${study.method}`,
      `**Default size.** ${size.join(', ')}.`,
    ].join('\n\n');
  });
  return [OPENING, parts.join('\n\n'), ''].join('\n');
}
