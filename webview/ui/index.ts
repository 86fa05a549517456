/** The toolkit's controls: the only place that knows which toolkit it is. */
import { provideVSCodeDesignSystem, vsCodeButton, vsCodeTextField } from '@vscode/webview-ui-toolkit';

/**
 * The toolkit makes one `<style>` element, which a strict content policy refuses. It is given the nonce of the page's
 * script, which the policy allows for styles too.
 */
function nameStyles(): void {
  const nonce = document.querySelector<HTMLScriptElement>('script[nonce]')?.nonce;
  if (!nonce) return;
  const create = document.createElement.bind(document);
  document.createElement = ((name: string, options?: ElementCreationOptions) => {
    const element = create(name, options);
    if (element instanceof HTMLStyleElement) element.nonce = nonce;
    return element;
  }) as typeof document.createElement;
}

/** Registers `vscode-button` and `vscode-text-field`. */
export function registerControls(): void {
  nameStyles();
  provideVSCodeDesignSystem().register(vsCodeButton(), vsCodeTextField());
}
