/**
 * The colors of VS Code's default themes, for a page outside VS Code; the browser's preference selects one. A test
 * checks that every theme has a value for every variable that the page reads.
 */
export const THEME_KINDS = ['dark', 'light', 'high-contrast', 'high-contrast-light'] as const;
export type ThemeKind = (typeof THEME_KINDS)[number];

const FONTS = {
  'font-family': "system-ui, -apple-system, 'Segoe UI', 'Ubuntu', 'Droid Sans', sans-serif",
  'font-size': '13px',
  'font-weight': 'normal',
  'editor-font-family': "ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace",
  'editor-font-size': '13px',
} as const;

interface Basics {
  background: string;
  raised: string;
  foreground: string;
  description: string;
  focus: string;
  border: string;
  control: string;
  controlBorder: string;
  placeholder: string;
  button: string;
  onButton: string;
  buttonHover: string;
  secondary: string;
  secondaryHover: string;
  hover: string;
  selected: string;
  link: string;
  errorBackground: string;
  errorBorder: string;
  scrollbar: string;
  selection: string;
  found: string;
  /** Backgrounds of tokens, from the likeliest to the unlikeliest, as package.json has them. */
  tokens: readonly string[];
  charts: Record<'blue' | 'green' | 'red' | 'yellow' | 'orange' | 'purple', string>;
  /** Borders of everything; in high contrast only. */
  contrast?: { border: string; active: string };
}

const THEMES: Readonly<Record<ThemeKind, Basics>> = {
  dark: {
    background: '#1f1f1f',
    raised: '#202020',
    foreground: '#cccccc',
    description: '#9d9d9d',
    focus: '#0078d4',
    border: '#454545',
    control: '#313131',
    controlBorder: '#3c3c3c',
    placeholder: '#989898',
    button: '#0078d4',
    onButton: '#ffffff',
    buttonHover: '#026ec1',
    secondary: '#313131',
    secondaryHover: '#3c3c3c',
    hover: '#2a2d2e',
    selected: '#37373d',
    link: '#4daafc',
    errorBackground: '#5a1d1d',
    errorBorder: '#be1100',
    scrollbar: 'rgb(121 121 121 / 40%)',
    selection: '#264f78',
    found: 'rgb(234 92 0 / 33%)',
    tokens: ['#2f81d614', '#2f81d624', '#2f81d638', '#2f81d64e', '#2f81d660', '#2f81d676', '#2f81d68c'],
    charts: {
      blue: '#3794ff',
      green: '#89d185',
      red: '#f14c4c',
      yellow: '#cca700',
      orange: '#d18616',
      purple: '#b180d7',
    },
  },
  light: {
    background: '#ffffff',
    raised: '#f8f8f8',
    foreground: '#3b3b3b',
    description: '#3b3b3b',
    focus: '#005fb8',
    border: '#c8c8c8',
    control: '#ffffff',
    controlBorder: '#cecece',
    placeholder: '#767676',
    button: '#005fb8',
    onButton: '#ffffff',
    buttonHover: '#0258a8',
    secondary: '#e5e5e5',
    secondaryHover: '#cccccc',
    hover: '#f2f2f2',
    selected: '#e4e6f1',
    link: '#005fb8',
    errorBackground: '#f2dede',
    errorBorder: '#be1100',
    scrollbar: 'rgb(100 100 100 / 40%)',
    selection: '#add6ff',
    found: 'rgb(234 92 0 / 33%)',
    tokens: ['#3b8eea14', '#3b8eea26', '#3b8eea3b', '#3b8eea54', '#3b8eea70', '#3b8eea8c', '#3b8eeaa8'],
    charts: {
      blue: '#1a85ff',
      green: '#388a34',
      red: '#e51400',
      yellow: '#bf8803',
      orange: '#d18616',
      purple: '#652d90',
    },
  },
  'high-contrast': {
    background: '#000000',
    raised: '#0c141f',
    foreground: '#ffffff',
    description: 'rgb(255 255 255 / 70%)',
    focus: '#f38518',
    border: '#6fc3df',
    control: '#000000',
    controlBorder: '#6fc3df',
    placeholder: 'rgb(255 255 255 / 70%)',
    button: '#000000',
    onButton: '#ffffff',
    buttonHover: '#000000',
    secondary: '#000000',
    secondaryHover: '#000000',
    hover: 'rgb(255 255 255 / 10%)',
    selected: 'rgb(255 255 255 / 10%)',
    link: '#21a6ff',
    errorBackground: '#000000',
    errorBorder: '#6fc3df',
    scrollbar: 'rgb(111 195 223 / 60%)',
    selection: '#ffffff',
    found: 'transparent',
    tokens: ['#1f6fc426', '#1f6fc440', '#1f6fc45c', '#1f6fc478', '#1f6fc496', '#1f6fc4b4', '#1f6fc4d2'],
    charts: {
      blue: '#3794ff',
      green: '#89d185',
      red: '#f48771',
      yellow: '#ffd370',
      orange: '#d18616',
      purple: '#b180d7',
    },
    contrast: { border: '#6fc3df', active: '#f38518' },
  },
  'high-contrast-light': {
    background: '#ffffff',
    raised: '#ffffff',
    foreground: '#292929',
    description: 'rgb(41 41 41 / 70%)',
    focus: '#006bbd',
    border: '#0f4a85',
    control: '#ffffff',
    controlBorder: '#0f4a85',
    placeholder: 'rgb(41 41 41 / 70%)',
    button: '#0f4a85',
    onButton: '#ffffff',
    buttonHover: '#0f4a85',
    secondary: '#ffffff',
    secondaryHover: '#ffffff',
    hover: 'rgb(15 74 133 / 10%)',
    selected: 'rgb(15 74 133 / 10%)',
    link: '#0f4a85',
    errorBackground: '#ffffff',
    errorBorder: '#0f4a85',
    scrollbar: 'rgb(15 74 133 / 40%)',
    selection: '#0f4a85',
    found: 'transparent',
    tokens: ['#3b8eea14', '#3b8eea26', '#3b8eea3b', '#3b8eea54', '#3b8eea70', '#3b8eea8c', '#3b8eeaa8'],
    charts: {
      blue: '#1a85ff',
      green: '#374e06',
      red: '#b5200d',
      yellow: '#895503',
      orange: '#d18616',
      purple: '#652d90',
    },
    contrast: { border: '#0f4a85', active: '#006bbd' },
  },
};

/** Values of the variables, by their names without `--vscode-`. */
export function themeVariables(kind: ThemeKind): Record<string, string> {
  const { charts, contrast, tokens, ...theme } = THEMES[kind];
  const { foreground } = theme;
  return {
    ...FONTS,
    foreground,
    descriptionForeground: theme.description,
    focusBorder: theme.focus,
    'editor-background': theme.background,
    'editor-foreground': foreground,
    'editor-selectionBackground': theme.selection,
    'editor-findMatchHighlightBackground': theme.found,
    'editor-findMatchHighlightBorder': contrast?.active ?? 'transparent',
    'editorSuggestWidget-background': theme.raised,
    'editorSuggestWidget-border': theme.border,
    'editorSuggestWidget-foreground': foreground,
    'editorSuggestWidget-selectedBackground': theme.selected,
    'editorSuggestWidget-selectedForeground': foreground,
    'editorWidget-background': theme.raised,
    'editorWidget-border': theme.border,
    'panel-background': theme.background,
    'panel-border': theme.border,
    'dropdown-background': theme.control,
    'dropdown-border': theme.controlBorder,
    'dropdown-foreground': foreground,
    'settings-dropdownListBorder': theme.border,
    'checkbox-background': theme.control,
    'checkbox-border': theme.controlBorder,
    'checkbox-foreground': foreground,
    'input-background': theme.control,
    'input-border': theme.controlBorder,
    'input-foreground': foreground,
    'input-placeholderForeground': theme.placeholder,
    'inputValidation-errorBackground': theme.errorBackground,
    'inputValidation-errorBorder': theme.errorBorder,
    'inputValidation-errorForeground': foreground,
    'button-background': theme.button,
    'button-foreground': theme.onButton,
    'button-hoverBackground': theme.buttonHover,
    'button-border': contrast?.border ?? 'transparent',
    'button-secondaryBackground': theme.secondary,
    'button-secondaryForeground': foreground,
    'button-secondaryHoverBackground': theme.secondaryHover,
    'badge-background': theme.button,
    'badge-foreground': theme.onButton,
    'inputOption-activeBackground': theme.selected,
    'inputOption-activeBorder': contrast?.active ?? theme.focus,
    'inputOption-activeForeground': foreground,
    'list-hoverBackground': theme.hover,
    'list-inactiveSelectionBackground': theme.selected,
    'list-activeSelectionBackground': theme.selected,
    'list-activeSelectionForeground': foreground,
    'textLink-foreground': theme.link,
    'textLink-activeForeground': theme.link,
    'panelTitle-activeBorder': theme.focus,
    'panelTitle-activeForeground': foreground,
    'panelTitle-inactiveForeground': theme.description,
    'progressBar-background': theme.focus,
    'sash-hoverBorder': theme.focus,
    'scrollbarSlider-background': theme.scrollbar,
    'scrollbarSlider-hoverBackground': theme.scrollbar,
    'scrollbarSlider-activeBackground': theme.scrollbar,
    ...Object.fromEntries(Object.entries(charts).map(([name, color]) => [`charts-${name}`, color])),
    ...Object.fromEntries(tokens.map((color, i) => [`rollscope-token${i + 1}`, color])),
    'charts-foreground': foreground,
    'charts-lines': theme.border,
    ...(contrast && { contrastBorder: contrast.border, contrastActiveBorder: contrast.active }),
  };
}

/** A style sheet with the variables of each kind of theme. */
export function themeCss(): string {
  return THEME_KINDS.map((kind) => {
    const lines = Object.entries(themeVariables(kind)).map(([name, value]) => `--vscode-${name}: ${value};`);
    const scheme = kind === 'light' || kind === 'high-contrast-light' ? 'light' : 'dark';
    return `:root.${classOf(kind)} { color-scheme: ${scheme}; ${lines.join(' ')} }`;
  }).join('\n');
}

/** As VS Code calls it, on the body too. */
function classOf(kind: ThemeKind): string {
  return `vscode-${kind}`;
}

const DARK = '(prefers-color-scheme: dark)';
const CONTRAST = '(prefers-contrast: more)';
const FORCED = '(forced-colors: active)';

/** Wears the theme that the browser prefers, now and after each change of that. */
export function applyTheme(chosen: ThemeKind | null): void {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(themeCss());
  document.adoptedStyleSheets.push(sheet);
  const queries = [DARK, CONTRAST, FORCED].map((query) => matchMedia(query));
  const wear = () => {
    const [dark, contrast, forced] = queries.map(({ matches }) => matches);
    const isContrast = contrast || forced;
    const kind =
      chosen ?? (dark ? (isContrast ? 'high-contrast' : 'dark') : isContrast ? 'high-contrast-light' : 'light');
    for (const element of [document.documentElement, document.body]) {
      element.classList.remove(...THEME_KINDS.map(classOf));
      element.classList.add(classOf(kind));
    }
    document.body.dataset.vscodeThemeKind = classOf(kind);
  };
  for (const query of queries) query.addEventListener('change', wear);
  wear();
}
