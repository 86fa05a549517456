/** What trains: this engine, or another trainer that it drives. */
import { choice, integer, optional, section, text, toggle } from './kit.ts';

/** Absent: this engine, and nothing else was said. */
export const ENGINE = optional(
  section('Engine', {
    kind: choice(
      {
        rollscope: "Rollscope's own engine, on this machine.",
        trl: 'TRL on accelerate, with Python.',
      },
      {
        title: 'Engine',
        help: "training engine: rollscope (Rollscope's own engine) or trl (TRL on accelerate, with Python)",
        placeholder: 'name',
        flag: '--engine',
        default: 'rollscope',
        editor: {
          id: 'engine.kind',
          section: 'Model and engine',
          scope: 'machine-overridable',
          text: "Training engine: Rollscope's own, or TRL on accelerate, with Python.",
        },
      },
    ),
    python: text({
      title: 'Python for TRL',
      help: 'Python with TRL installed, for --engine trl',
      example: '.venv/bin/python',
      placeholder: 'program',
      flag: '--python',
      names: 'command',
      absent: '.venv, the active environment, or python3 on the PATH',
      editor: {
        id: 'engine.python',
        section: 'Model and engine',
        scope: 'machine-overridable',
        restricted: true,
        text: 'Python with TRL installed, for `#rollscope.engine.kind#` `trl`. Default: `.venv` of the folder, the active environment, or `python3` on the `PATH`.',
      },
    }),
    processes: integer({
      title: 'TRL processes',
      help: 'processes on this machine, one per device, for --engine trl without --accelerate-config',
      example: '2',
      placeholder: 'n',
      flag: '--processes',
      min: 1,
      max: 1024,
      default: 1,
      editor: {
        id: 'engine.processes',
        section: 'Model and engine',
        text: 'TRL processes on this machine, one per device, unless an accelerate configuration sets their number.',
      },
    }),
    accelerateConfig: text({
      title: 'Accelerate configuration',
      help: "file that 'accelerate config' wrote, or its name in accelerate's folder, for --engine trl",
      example: 'fsdp.yaml',
      placeholder: 'file|name',
      flag: '--accelerate-config',
      names: 'command',
      absent: '--processes on this machine',
      editor: {
        id: 'engine.accelerateConfig',
        section: 'Model and engine',
        scope: 'machine-overridable',
        restricted: true,
        text: "File that `accelerate config` wrote, or its name in accelerate's folder, for `#rollscope.engine.kind#` `trl`.",
      },
    }),
    vllm: toggle({
      title: 'vLLM',
      help: 'sample with vLLM on the devices that train, for --engine trl',
      flag: '--vllm',
      default: false,
      trl: 'use_vllm',
    }),
  }),
);
