/** `rollscope models`: lists the models on this machine that `--model` accepts. */
import { EMBEDDED } from '../../protocol/embedded.ts';
import { bytes } from '../../protocol/format.ts';
import { EXIT, Output } from '../output.ts';
import { table } from '../table.ts';

/** Exit code 0 even if only the embedded models exist. Downloads nothing. */
export async function models(options: { json?: boolean }): Promise<number> {
  const output = new Output(options.json === true);
  const { findModels } = await import('../../system/found-models.ts');
  const found = await findModels();
  const rows = found.map(({ name, owner, bytes: size, model }) => [name, owner, bytes(size), model]);
  const embedded = [EMBEDDED, 'included with Rollscope', '', EMBEDDED];
  output.print(table(['model', 'where', 'size', 'for --model'], [embedded, ...rows]));
  output.result({ models: found });
  return EXIT.ok;
}
