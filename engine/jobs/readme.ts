/** The README of a job: how to start it on one node and on a Ray cluster, and how to look at it. Pure. */
import type { RunConfig } from '../protocol/index.ts';
import { batchSize, type JobData, type Machines } from './verl-settings.ts';

/** In Markdown. */
export function readmeOf(config: RunConfig, { nodes, gpus }: Machines, data: JobData): string {
  const rollouts = batchSize(config, data) * config.group;
  return `# Rollscope job for verl

${config.reward} on ${config.dataset.path}: ${data.training} problems, ${config.steps} steps of ${rollouts} rollouts,
${config.model}, ${nodes} x ${gpus} GPUs. Written for verl 0.9.1 and Ray 2.60.0 (requirements.txt). No Rollscope and no Node need
to be installed where it runs: \`score\` is the part of Rollscope that gives rewards, and Node comes from PyPI.
${/^(?:[/.~]|[A-Za-z]:)/.test(config.model) ? `\nThe model ${config.model} must be at the same path on every node.\n` : ''}
## On one node

\`\`\`sh
pip install -r requirements.txt
python train.py --out /path/to/outputs
\`\`\`

Everything behind \`--\` is a Hydra override, such as \`python train.py --out out -- trainer.n_gpus_per_node=4\`.
\`python train.py --out out --print\` prints the command without starting it.

## On a Ray cluster

Every node needs what is in requirements.txt (an image, or the same virtual environment). \`--out\` must be a folder that all
nodes share. Start it from this folder:

\`\`\`sh
ray job submit --address http://<head>:8265 --working-dir . -- python train.py --out /shared/outputs
ray job logs <id> --address http://<head>:8265 --follow
ray job stop <id> --address http://<head>:8265
\`\`\`

## Looking at it

\`\`\`sh
rollscope import /path/to/outputs --follow
\`\`\`

reads what verl writes: \`rollouts/<step>.jsonl\`, \`validation/<step>.jsonl\` and \`metrics\`. Where the folder is not mounted, copy it
again and again, such as with \`rsync -a --append <head>:/shared/outputs/ outputs/\` (leave \`checkpoints\` out with
\`--exclude checkpoints\`), and follow the copy.

The same command resumes from the last checkpoint in \`checkpoints\`.

## What is in it

| file | |
| --- | --- |
| \`train.parquet\`, \`validation.parquet\` | problems in verl's schema; the problems of validation have a reference answer |
| \`overrides.json\` | the configuration, a list of Hydra overrides |
| \`reward.py\`, \`rollscope_verl\`, \`rollscope_trl\` | the reward manager, and the Ray actor that completes each group before it votes |
| \`score\` | \`rollscope score\` with the reward and the rules for answers (\`score/config.json\`) |
| \`train.py\` | starts \`verl.trainer.main_ppo\` |

A group whose rollouts do not all arrive within an hour of each other fails with \`IncompleteGroup\`; the environment variable
\`ROLLSCOPE_GROUP_PATIENCE\` sets another time in seconds. verl leaves such a group out.
`;
}
