/** Entry point of the panel's page. */
import { App } from './app.ts';
import { provideStore } from './component.ts';
import { findHost } from './host.ts';
import { Store } from './store.ts';
import { page } from './styles.ts';
import { onThemeChange, setTextColors } from './theme.ts';
import { registerControls } from './ui/index.ts';

if (page.styleSheet) document.adoptedStyleSheets.push(page.styleSheet);
setTextColors();
onThemeChange(setTextColors);
registerControls();
const store = new Store(findHost());
provideStore(store);
document.addEventListener('visibilitychange', () => store.tellVisible(document.visibilityState === 'visible'));
document.body.append(new App());
