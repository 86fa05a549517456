/**
 * The toolkit's controls: the only file that knows which toolkit is used. Its one style gets the nonce of the page's
 * `csp-nonce`.
 */
import { provideVSCodeDesignSystem, vsCodeButton, vsCodeTextField } from '@vscode/webview-ui-toolkit';

/** Registers `vscode-button` and `vscode-text-field`. */
export function registerControls(): void {
  provideVSCodeDesignSystem().register(vsCodeButton(), vsCodeTextField());
}
