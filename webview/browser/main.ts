/**
 * Runs before the panel's script in a page outside VS Code, and provides the colors and the host in place of the
 * editor.
 */
import { INLINED_ID } from '../../engine/runs/inlined-run.ts';
import { inlinedHost } from './inlined-host.ts';
import { liveHost } from './live-host.ts';
import { showNotice } from './notice.ts';
import { applyTheme, THEME_KINDS } from './themes.ts';

/** The fragment of the address: `token=…`, and `theme=…` for a theme other than the one the browser prefers. */
const given = new URLSearchParams(location.hash.slice(1));
const theme = given.get('theme');
applyTheme(THEME_KINDS.find((kind) => kind === theme) ?? null);

const inlined = document.getElementById(INLINED_ID)?.textContent;
const note = document.querySelector<HTMLMetaElement>('meta[name="rollscope-note"]')?.content ?? '';
window.rollscopeHost = inlined
  ? inlinedHost({ text: inlined, note })
  : liveHost({ token: given.get('token') ?? '', lost: showNotice });
