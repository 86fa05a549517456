/** The toolkit's controls: the only place that knows which toolkit it is. Its one style takes the nonce of the page's `csp-nonce`. */
import { provideVSCodeDesignSystem, vsCodeButton, vsCodeTextField } from '@vscode/webview-ui-toolkit';

/** Registers `vscode-button` and `vscode-text-field`. */
export function registerControls(): void {
  provideVSCodeDesignSystem().register(vsCodeButton(), vsCodeTextField());
}
