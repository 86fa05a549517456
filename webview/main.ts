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
provideStore(new Store(findHost()));
document.body.append(new App());
