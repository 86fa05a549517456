/** A program that other tools' libraries are asked through: they take longer to load than to answer. */
import { Program } from './processes.ts';
import { until } from './wait.ts';

/** It answers each line of JSON on its stdin with one line of JSON, in order, until the test file ends. */
export class Answering {
  private readonly program: Program;
  private asked = 0;
  private failed: unknown;

  constructor(command: string, args: readonly string[]) {
    this.program = new Program(command, args, { env: { PYTHONDONTWRITEBYTECODE: '1' } });
    this.program.ended.then(
      ({ stderr }) => {
        this.failed = new Error(`${command} ${args.join(' ')} ended:\n${stderr.slice(-4000)}`);
      },
      (error: unknown) => {
        this.failed = error;
      },
    );
  }

  /** Resolves with the answer. Fails with what the program printed if it ended instead. */
  async ask(request: unknown): Promise<unknown> {
    const at = this.asked++;
    this.program.write(`${JSON.stringify(request)}\n`);
    const line = await until(`answer ${at + 1}`, () => {
      const lines = this.program.stdout.split('\n');
      if (at < lines.length - 1) return lines[at];
      if (this.failed) throw this.failed;
      return null;
    });
    return JSON.parse(line);
  }
}
