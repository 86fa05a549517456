/** The command line as the editor runs it: what it prints, its errors, and its output as a document. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { runCli } from '../../engine/view/command-line.ts';
import { temporaryFolder } from '../support/processes.ts';
import { expectRejection } from '../support/refusals.ts';
import { until } from '../support/wait.ts';

vi.mock('vscode', async () => {
  const { vscode } = await import('../support/editor.ts');
  const registerTextDocumentContentProvider = () => ({ dispose() {} });
  return { ...vscode, workspace: { ...vscode.workspace, registerTextDocumentContentProvider } };
});

describe('the command line’s output', () => {
  const node = process.execPath;
  const script = (text: string) => {
    const cli = path.join(temporaryFolder(), 'cli.cjs');
    writeFileSync(cli, text);
    return { node, cli };
  };

  it('runs completely, with the arguments and as plain Node', async () => {
    const program = script(
      'const { ELECTRON_RUN_AS_NODE: plain } = process.env; const said = process.argv.slice(2).join("|");' +
        'process.stdout.write(plain + " " + said + " " + "ä".repeat(70000) + "\\n"); console.error("a table")',
    );
    expect(await runCli(program, ['analyze', 'a b'])).toEqual({
      data: `1 analyze|--json|a b ${'ä'.repeat(70_000)}\n`,
      text: 'a table\n',
    });
  });

  it('reports the command line’s own error, with its details', async () => {
    const error = { code: 'disk', message: 'Full.', hint: 'Free some.', details: { reason: 'disk-full' } };
    const failing = script(
      `console.log('${JSON.stringify({ error })}'); console.error('error: Full.'); process.exit(1)`,
    );
    await expect(runCli(failing, ['experiment'])).rejects.toMatchObject(error);
  });

  it('is missing with a reason when the program ends without its own error', async () => {
    const code = 'engine-stopped';
    const crashing = script('console.error("a remark\\nSegmentation fault"); process.exit(2)');
    await expectRejection(runCli(crashing, ['analyze', 'x']), code, {
      ...{ reason: 'command-failed', command: 'analyze', output: 'Segmentation fault' },
    });
    const silent = runCli(script('process.exit(7)'), ['rescore']);
    await expectRejection(silent, code, { reason: 'command-failed', command: 'rescore', output: '' });
    const missing = runCli({ node: '/no/such/node', cli: 'x' }, ['analyze']);
    await expectRejection(missing, code, { reason: 'not-started', program: '/no/such/node' });
  });

  it("is a document, whose failure is reported in the editor's terms", async () => {
    const { CliDocuments } = await import('../../extension/cli-documents.ts');
    const uri = { path: '/analyze run.txt', query: '/runs/run', toString: () => 'a' } as never;
    const token = { onCancellationRequested: () => ({ dispose() {} }) } as never;
    const textOf = (text: string) =>
      new CliDocuments(() => script(text)).provideTextDocumentContent(uri, token) as Promise<string>;
    expect(await textOf('console.error("a table"); console.log("{}")')).toBe('a table\n');
    const only =
      'console.error("(has more; choose with --phase) not computed (--json gives the reasons)."); console.log("{}")';
    expect(await textOf(only)).toBe('(has more) not computed.\n');
    const error = {
      ...{ code: 'memory', message: 'reward.py --lr 1 failed.', hint: 'Lower --lr.' },
      details: { reason: 'x', command: 'reward.py --lr 1' },
    };
    const failed = await textOf(`console.log('${JSON.stringify({ error })}'); process.exit(1)`).catch(String);
    expect(failed).toBe('Error: reward.py --lr 1 failed. Lower the setting rollscope.learningRate.');
  });

  it('is abandoned on request, together with its process', async () => {
    const marker = path.join(temporaryFolder(), 'pid');
    const program = script(
      `require('fs').writeFileSync(${JSON.stringify(marker)}, String(process.pid)); setInterval(() => {}, 1000)`,
    );
    const controller = new AbortController();
    const running = runCli(program, ['analyze'], controller.signal).catch((e: unknown) => e);
    const pid = Number(await until('it runs', () => existsSync(marker) && readFileSync(marker, 'utf8')));
    controller.abort();
    expect(await running).toMatchObject({ code: 'canceled' });
    expect(() => process.kill(pid, 0)).toThrow();
    expect(await runCli(program, ['analyze'], controller.signal).catch((e: unknown) => e)).toMatchObject({
      code: 'canceled',
    });
  });
});
