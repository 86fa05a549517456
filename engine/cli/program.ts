/**
 * The commands, their options and their help. Only this and `options.ts` are loaded for `--help`; what a command does is
 * in `commands/`, loaded when it runs.
 */
import { Command, Option } from 'commander';
import type { SettingGroup } from '../config/settings.ts';
import { VERSION } from '../protocol/version.ts';
import { oneOf, optionsFor, PROBE_GROUPS, TRAIN_GROUPS } from './options.ts';

/** Sets the exit code of the process. */
export type SetExitCode = (code: number) => void;

const DATASET_HELP = 'a .jsonl, .json, .csv or .parquet file; the embedded problem set when absent';
const RUN_HELP = "a run's name, its folder, or 'latest'";
const MARKED_ONLY = 'take marked answers only (\\boxed{x}, #### x, the answer is x), as training does';

const EXIT_HELP = `
Exit codes:
  0  done
  1  the run failed, or an internal error
  2  wrong usage or bad input
  3  stopped by the user (Ctrl+C); 'rollscope resume' goes on`;

export function createProgram(setExitCode: SetExitCode): Command {
  const program = new Command('rollscope')
    .description(
      'Trains a language model on rewards that it gives itself, and shows confidence against correctness\nproblem by problem. Works on this machine, without a server.',
    )
    .version(VERSION, '--version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .configureHelp({ showGlobalOptions: false })
    .showSuggestionAfterError(true);

  program.commandsGroup('Runs:');
  const train = withExamples(
    program
      .command('train')
      .argument('[dataset]', DATASET_HELP)
      .description('train a model on the problems of a dataset'),
    [
      ['rollscope train', 'the embedded model and problems, about a minute'],
      ['rollscope train problems.jsonl --model models/SmolLM2.gguf --steps 50', ''],
      ['rollscope train problems.jsonl --votes 64 --group 32 --lr 5e-7 --no-lora', "TTRL's settings"],
    ],
  );
  addGroups(train, TRAIN_GROUPS);
  addRunFolder(train);
  addCommon(train);
  train.action(async (dataset: string | undefined, options) => {
    const { train: run } = await import('./commands/train.ts');
    setExitCode(await run(dataset, options));
  });

  const probe = withExamples(
    program
      .command('probe')
      .argument('[dataset]', DATASET_HELP)
      .description('sample the problems without training: clusters, majority share, confidence, right or wrong'),
    [
      ['rollscope probe problems.jsonl --votes 16', ''],
      ['rollscope probe problems.jsonl --id 17 --json', ''],
    ],
  );
  addGroups(probe, PROBE_GROUPS);
  addRunFolder(probe);
  addCommon(probe);
  probe.action(async (dataset: string | undefined, options) => {
    const { probe: run } = await import('./commands/probe.ts');
    setExitCode(await run(dataset, options));
  });

  const experiment = withExamples(
    program
      .command('experiment')
      .argument('[name]', 'name of the experiment; without it they are listed')
      .argument('[dataset]', "problem file, instead of the experiment's own problems")
      .description(
        'rerun a finding of the paper as a set of runs, with a report and a verdict; again: goes on with it',
      ),
    [
      ['rollscope experiment', 'what there is'],
      ['rollscope experiment rise-then-fall', ''],
      ['rollscope experiment theory problems.jsonl --model Qwen/Qwen3-0.6B --seeds 1', 'any model and dataset'],
    ],
  );
  experiment
    .optionsGroup('Experiment:')
    .option(
      '--against <model>',
      'collapse-step: another model to rank beside that of --model; may be used again',
      (text: string, before?: string[]) => [...(before ?? []), text],
    )
    .option('--seeds <n>', 'repetitions of each run')
    .option('--parallel <n>', 'runs at a time; as many as cores (4 at most) for embedded models, else 1')
    .option('--out <folder>', "folder for runs and report; below the user's Rollscope folder when absent")
    .option('--config <file>', "a JSON file with the fields of run.json's config; options go before it");
  addGroups(experiment, TRAIN_GROUPS);
  addCommon(experiment);
  experiment.action(async (name: string | undefined, dataset: string | undefined, options) => {
    const { experiment: run } = await import('./commands/experiment.ts');
    setExitCode(await run(name, dataset, options));
  });

  const resume = withExamples(
    program
      .command('resume')
      .argument('<run>', RUN_HELP)
      .description('go on with a run that was stopped, killed or failed, from its last checkpoint'),
    [['rollscope resume latest', '']],
  );
  addPrograms(resume);
  addWhere(resume);
  addCommon(resume);
  resume.action(async (run: string, options) => {
    const { resume: go } = await import('./commands/resume.ts');
    setExitCode(await go(run, options));
  });

  const runs = program.command('runs').description('list the runs');
  addWhere(runs);
  addCommon(runs);
  runs.action(async (options) => {
    const { runs: list } = await import('./commands/runs.ts');
    setExitCode(await list(options));
  });

  const show = withExamples(
    program
      .command('show')
      .argument('<run>', RUN_HELP)
      .description('show a run: summary, curves, problems; or one problem with its rollouts'),
    [
      ['rollscope show latest', ''],
      ['rollscope show latest --problem 17', 'clusters and rollouts'],
      ['rollscope show latest --problem 17 --rollout 3', 'one response and why it got its reward'],
    ],
  );
  show
    .option('--problem <id>', 'show this problem')
    .option('--rollout <n>', 'show this rollout of the problem, counted from 1')
    .option('--step <n>', 'at this step; the last one when absent');
  addWhere(show);
  addCommon(show);
  show.action(async (run: string, options) => {
    const { show: print } = await import('./commands/show.ts');
    setExitCode(await print(run, options));
  });

  const analyzing = withExamples(
    program
      .command('analyze')
      .alias('analyse')
      .argument('<run>', RUN_HELP)
      .description('confidence against correctness, prediction against measurement, and how a run ended'),
    [
      ['rollscope analyze latest', ''],
      ['rollscope analyze latest --step 50 --json', 'of one step, with every number'],
    ],
  );
  analyzing.option(
    '--beta <x>',
    'temperature of the optimum pi* that the rollouts are re-weighted for; 0.5 when absent',
  );
  addGroupChoice(analyzing, 'the first one when absent');
  addWhere(analyzing);
  addCommon(analyzing);
  analyzing.action(async (run: string, options) => {
    const { analyze } = await import('./commands/analyze.ts');
    setExitCode(await analyze(run, options));
  });

  const rescoring = withExamples(
    program
      .command('rescore')
      .argument('<run>', RUN_HELP)
      .description('what other rewards would have said of the stored rollouts, without the model'),
    [
      ['rollscope rescore latest', 'every reward that can be computed'],
      ['rollscope rescore latest --reward self-certainty --reward empo', ''],
      ['rollscope rescore latest --problem 17 --step 1', 'rewards and winners of one problem'],
    ],
  );
  rescoring
    .option(
      '--reward <text>',
      'a reward, or a sum or gate of rewards; may be used again',
      (text: string, before?: string[]) => [...(before ?? []), text],
    )
    .option('--problem <id>', 'this problem only, with the rewards of its rollouts');
  addGroupChoice(rescoring, 'all when absent');
  addWhere(rescoring);
  addCommon(rescoring);
  rescoring.action(async (run: string, options) => {
    const { rescore } = await import('./commands/rescore.ts');
    setExitCode(await rescore(run, options));
  });

  const exporting = withExamples(
    program.command('export').argument('<run>', RUN_HELP).description('write a run in the format of another tool'),
    [
      ['rollscope export latest --format peft --out adapter', 'for peft.PeftModel.from_pretrained'],
      ['rollscope export latest --format parquet --out rollouts.parquet', ''],
    ],
  );
  exporting
    .addOption(
      new Option(
        '--format <name>',
        'peft: the LoRA adapter; safetensors: whole weights; jsonl, parquet: the rollouts; tensorboard: the metrics',
      )
        .choices(['peft', 'safetensors', 'jsonl', 'parquet', 'tensorboard'])
        .makeOptionMandatory(),
    )
    .requiredOption('--out <path>', 'file or folder to write')
    .option('--per-token', 'jsonl, parquet: also the tokens of each rollout, their log-probs and entropies')
    .option('--runs <folder>', 'where the runs are, when not in the usual folder');
  addCommon(exporting);
  exporting.action(async (run: string, options) => {
    const { exportRun } = await import('./commands/export.ts');
    setExitCode(await exportRun(run, options));
  });

  program.commandsGroup('Answers:');
  const grade = withExamples(
    program
      .command('grade')
      .argument('<pairs>', 'file with lines {"prediction": text, "reference": text}; \'-\' reads stdin')
      .description('say for each pair of texts whether the answers are equal'),
    [
      ['rollscope grade pairs.jsonl', ''],
      [`echo '{"prediction":"\\\\boxed{1/2}","reference":"0.5"}' | rollscope grade -`, ''],
    ],
  );
  grade
    .option('--strict', MARKED_ONLY)
    .option('--percent', '0.5 equals 50% also where the reference has no percent sign');
  addCommon(grade);
  grade.addHelpText(
    'after',
    `
Each line is answered by {"equal": true|false, "extracted": text|null}, a bad one by {"error": text, "line": n}; then the
exit code is 2. Blank lines are skipped. With --json a last line {"lines", "equal", "errors"} follows.`,
  );
  grade.action(async (file: string, options) => {
    const { grade: run } = await import('./commands/grade.ts');
    setExitCode(await run(file, options));
  });

  const vote = withExamples(
    program
      .command('vote')
      .argument('<rollouts>', `file with lines {"id", "responses": [text...], "answer"?}; '-' reads stdin`)
      .description('cluster the responses to each problem by answer and take the vote'),
    [['rollscope vote rollouts.jsonl', '']],
  );
  vote.option('--strict', MARKED_ONLY);
  addCommon(vote);
  vote.addHelpText(
    'after',
    `
Each line is answered by {"id", "majority", "share", "clusters", "correct"?}, a bad one by {"error": text, "line": n}; then
the exit code is 2. A response without an answer does not vote, but counts in the share. Blank lines are skipped.
With --json a last line {"lines", "labelled", "correct", "errors"} follows.`,
  );
  vote.action(async (file: string, options) => {
    const { vote: run } = await import('./commands/vote.ts');
    setExitCode(await run(file, options));
  });

  program.commandsGroup('Machine:');
  const doctor = program.command('doctor').description('show devices and versions, what is missing and how to get it');
  addCommon(doctor);
  doctor.action(async (options) => {
    const { doctor: run } = await import('./commands/doctor.ts');
    setExitCode(await run(options));
  });

  const serve = program
    .command('serve')
    .description(
      'run the engine in the background for the editor; prints its address as one JSON line when it is ready',
    );
  serve
    .addOption(
      new Option(
        '--when-alone <what>',
        'when the last client disconnects from a run: continue, or stop with a checkpoint',
      )
        .argParser((text) => oneOf('--when-alone', text === 'go-on' ? 'continue' : text, ['continue', 'stop']))
        .default('continue'),
    )
    .option('--grace <seconds>', 'without clients and without a run, the engine ends after this time', '60')
    .option('--out <folder>', 'where runs go that name no folder')
    .option('--home <folder>', "where the engine's address and log go, when not in the usual folder");
  serve.action(async (options) => {
    const { serve: run } = await import('./commands/serve.ts');
    setExitCode(await run(options));
  });

  program.addHelpText('after', `${EXIT_HELP}\n\nOptions of a command: rollscope help <command>`);
  return program;
}

function addGroups(command: Command, groups: readonly SettingGroup[]): void {
  for (const { title, settings } of groups) {
    command.optionsGroup(`${title}:`);
    for (const placed of settings) {
      for (const option of optionsFor(placed)) command.addOption(option);
      if (placed.path === 'lora.rank') command.option('--no-lora', 'train all weights');
    }
    if (title === 'Reward') addPrograms(command);
  }
}

/** Not in the table: it is said anew with every start, and no run folder can say it. */
function addPrograms(command: Command): void {
  command.option(
    '--allow-programs',
    'let the rewards program, lean and custom run programs on this machine: where you trust model, data and program',
  );
}

function addRunFolder(command: Command): void {
  command
    .optionsGroup('Run folder:')
    .option('--out <folder>', 'where the run folder goes')
    .option('--name <name>', 'name of the run')
    .option('--config <file>', "a JSON file with the fields of run.json's config; options go before it");
}

function addGroupChoice(command: Command, absent: string): void {
  command
    .option(
      '--phase <name>',
      'rollouts of: train, probe, evaluation or greedy; the first of these that there is when absent',
    )
    .option('--step <n>', `rollouts of this step; ${absent}`);
}

function addWhere(command: Command): void {
  command.option('--out <folder>', 'where the runs are, when not in the usual folder');
}

function addCommon(command: Command): void {
  command
    .optionsGroup('Output:')
    .option('--json', 'print one JSON object as the last line of stdout, everything else on stderr')
    .helpOption('-h, --help', 'print this help');
}

function withExamples(command: Command, examples: [string, string][]): Command {
  const width = Math.max(...examples.map(([line]) => line.length));
  const lines = examples.map(([line, remark]) => `  ${remark ? `${line.padEnd(width)}  # ${remark}` : line}`);
  return command.addHelpText('after', `\nExamples:\n${lines.join('\n')}`);
}
