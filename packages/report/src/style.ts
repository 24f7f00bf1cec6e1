import { dark, fontFamily, light, type Palette } from './theme.ts';

function variables(palette: Palette): string {
  return Object.entries(palette)
    .map(([name, color]) => `--${name}:${String(color)}`)
    .join(';');
}

/** The page's style sheet: light, dark by the reader's preference, and always light on paper. */
export function pageStyle(): string {
  return `
:root { color-scheme: light dark; ${variables(light)} }
@media (prefers-color-scheme: dark) { :root { ${variables(dark)} } }
@media print { :root { color-scheme: light; ${variables(light)} } }
* { box-sizing: border-box }
body { margin: 0; background: var(--surface); color: var(--ink); font: 16px/1.55 ${fontFamily} }
main { max-width: 60rem; margin: 0 auto; padding: 3rem 1.5rem 4rem }
h1 { font-size: 2rem; line-height: 1.2; margin: 0 0 .75rem; letter-spacing: -.01em }
h2 { font-size: 1.2rem; margin: 3rem 0 .25rem }
p { margin: .25rem 0 1rem; max-width: 44rem }
.verdict { font-size: 1.1rem; border-left: 4px solid var(--primary); padding: .25rem 0 .25rem 1rem; margin: 1.25rem 0 }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: 1rem 1.5rem; margin: 1.75rem 0 0 }
.facts dt, figcaption, .note { color: var(--muted); font-size: .875rem }
.facts dd { margin: 0; font-weight: 600; overflow-wrap: anywhere }
figure { margin: .5rem 0 0; overflow-x: auto }
figure svg { display: block; width: 100%; height: auto; min-width: min(36rem, var(--natural, 36rem)); max-width: var(--natural, none) }
figure.image svg { min-width: 0; border: 1px solid var(--grid) }
.images { display: grid; grid-template-columns: repeat(auto-fill, minmax(8rem, 1fr)); gap: 1rem }
details { margin-top: .5rem; font-size: .875rem }
summary { cursor: pointer; color: var(--muted) }
.scroll { overflow-x: auto }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; margin-top: .75rem }
th, td { padding: .4rem .75rem; border-bottom: 1px solid var(--grid); text-align: right; white-space: nowrap }
th:first-child, td:first-child { text-align: left; padding-left: 0 }
thead th { color: var(--muted); font-weight: 500; font-size: .875rem; vertical-align: bottom; white-space: normal }
tbody th { font-weight: 400 }
tbody tr.ensemble th::before, tbody tr.member th::before, tbody tr.single th::before { content: ''; display: inline-block; width: .6rem; height: .6rem; margin-right: .6rem; border-radius: 50%; background: var(--primary) }
tbody tr.member th::before { border-radius: 0; background: var(--secondary) }
tbody tr.single th::before { border-radius: 0; height: 3px; vertical-align: middle; background: var(--rival) }
td.best { font-weight: 700 }
td.best::before { content: '★ '; color: var(--accent) }
@media print { main { padding: 0; max-width: none } figure, table { break-inside: avoid } details { display: none } }
`;
}
