// Runs another program in the foreground.
import { spawn } from 'node:child_process';

/**
 * Runs a program to its end, whatever signal this process receives meanwhile: Ctrl+C reaches the program through the
 * terminal, other signals are forwarded, and in both cases it can clean up before this process continues.
 * Resolves with its exit status: 128 or more when a signal interrupted it or this process.
 */
export function runChild(command, args, options) {
  const child = spawn(command, args, options);
  let interrupted = 0;
  const handlers = {
    SIGINT: () => {
      interrupted = 130;
    },
    SIGTERM: () => {
      interrupted = 143;
      child.kill('SIGTERM');
    },
    SIGHUP: () => {
      interrupted = 129;
      child.kill('SIGHUP');
    },
  };
  for (const [name, handler] of Object.entries(handlers)) process.on(name, handler);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve(interrupted || (code ?? 128)));
  }).finally(() => {
    for (const [name, handler] of Object.entries(handlers)) process.off(name, handler);
  });
}

/** The first line of JSON that a program prints, as `rollscope view --json` does. */
export function firstObject(child) {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (piece) => {
      text += piece;
      const line = text.split('\n').find((one) => one.startsWith('{'));
      if (line && text.endsWith('\n')) resolve(JSON.parse(line));
    });
    child.once('exit', (code) => reject(new Error(`It ended with ${code} before it printed its address.`)));
  });
}
