/** docs/experiments.md, from the list of experiments. */
import { experiments } from '../../engine/experiments/catalog/index.ts';

const OPENING = `# Experiments

The findings of the paper (arXiv 2603.08660) as experiments that anyone can run: \`rollscope experiment <name>\`, or
**Rollscope: Run Experiment** from the Command Palette. An experiment is a set of ordinary runs in one folder. The same
command resumes it after an interruption. It ends with one self-contained HTML report: plots, tables, and a result
computed from criteria, which the report lists with the measured numbers. *Reproduced*: all criteria are met;
*partly*: some are; *not*: none is.

Without a dataset and with an embedded model, an experiment runs on the embedded problems at its default size, in at
most about 15 minutes on two cores. With a dataset or another model it uses these
(\`rollscope experiment <name> problems.jsonl --model <model>\`), and every option of \`rollscope train\` overrides its own
settings. \`--seeds\` sets the number of repetitions of each run; intervals are 95%. The report also shows how the [collapse watch and the forecast](metrics.md) performed over the runs.
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
