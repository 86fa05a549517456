/** Entry point of the page that compares runs. */
import { findHost } from '../host.ts';
import { page } from '../styles.ts';
import { onThemeChange, setTextColors } from '../theme.ts';
import { CompareApp } from './app.ts';
import { CompareStore } from './store.ts';

if (page.styleSheet) document.adoptedStyleSheets.push(page.styleSheet);
setTextColors();
onThemeChange(setTextColors);
const app = new CompareApp();
app.store = new CompareStore(findHost());
document.body.append(app);
