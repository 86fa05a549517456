/** The environment of programs under test. */

/** This environment without variables of a surrounding editor or Node setup that would leak into a program under test. */
export function cleanEnvironment(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(
    ([name]) => !/^(VSCODE_|ELECTRON_|CODE_SERVER_|ROLLSCOPE_|VITEST|NODE_OPTIONS$|NODE_ENV$|FORCE_COLOR$)/.test(name),
  );
  return { ...Object.fromEntries(own), ...more };
}
