/** docs/experiments.md, from the list of experiments. */
import { experiments } from '../../engine/experiments/catalog/index.ts';

const OPENING = `# Experiments

The findings of the paper (arXiv 2603.08660) as experiments that anyone can rerun: \`rollscope experiment <name>\`, or
**Rollscope: Run Experiment** from the command palette. An experiment is a set of ordinary runs in one folder. The same
command resumes it after an interruption. It ends with one self-contained HTML report: plots, tables, and a result
computed from criteria, which the report lists with the numbers that decided. *Reproduced*: all criteria are met;
*partly*: some are; *not*: none is.

Without a dataset and with an embedded model, an experiment runs on the embedded problems at its default size, in about
15 minutes or less on two cores. With a dataset or another model (\`rollscope experiment <name> problems.jsonl --model
<model>\`) it uses these, and every option of \`rollscope train\` overrides its own settings. \`--seeds\` repeats each run;
intervals are 95%. The report also shows how the [collapse watch and the forecast](metrics.md) performed over the runs.
[results.md](results.md) has the results.

This page is generated (\`npm run generate\`) from the list of experiments (\`engine/experiments/catalog\`).
`;

export function experimentsPage(): string {
  const parts = experiments.map((experiment) => {
    const { model, steps, batch, optimizer } = experiment.defaults;
    const size = [
      `model \`${model ?? 'embedded'}\``,
      ...(steps === undefined ? [] : [`${steps} steps`]),
      ...(batch === undefined ? [] : [`${batch} problems per step`]),
      ...(optimizer?.lr === undefined ? [] : [`learning rate ${optimizer.lr}`]),
      `${experiment.seeds} ${experiment.seeds === 1 ? 'seed' : 'seeds'}`,
      `about ${experiment.minutes} minutes`,
    ];
    return [
      `## ${experiment.title}`,
      `\`rollscope experiment ${experiment.name}\``,
      experiment.question,
      `**In the paper.** ${experiment.finding}`,
      `**Here.** ${experiment.method}`,
      `**Default size.** ${size.join(', ')}.`,
    ].join('\n\n');
  });
  return [OPENING, parts.join('\n\n'), ''].join('\n');
}
