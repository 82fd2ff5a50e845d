// The report's style sheet: readable without any other file, light or dark as the reader's system asks.

export const REPORT_STYLE = `
:root { color-scheme: light dark; --ink: #1f2328; --soft: #57606a; --paper: #fff; --edge: #d0d7de; --link: #0550ae; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6edf3; --soft: #9198a1; --paper: #0d1117; --edge: #3d444d; --link: #79b8ff; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 84rem; padding: 1.5rem; font: 16px/1.5 system-ui, sans-serif; color: var(--ink);
  background: var(--paper); }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; } h2 { font-size: 1.25rem; margin: 2rem 0 .5rem; }
h3 { font-size: 1.05rem; margin: 1.5rem 0 .25rem; }
p { margin: .25rem 0 .75rem; } .soft { color: var(--soft); } a { color: var(--link); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .85rem; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .5rem; border-bottom: 1px solid var(--edge); text-align: right; white-space: nowrap; }
th:first-child, td:first-child, .text { text-align: left; }
thead th { border-bottom: 2px solid var(--edge); vertical-align: bottom; }
td a { color: inherit; text-decoration-color: var(--edge); }
tbody tr:target, section:target { outline: 2px solid var(--link); outline-offset: 2px; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 32rem), 1fr)); gap: 1rem; }
figure { margin: 0; padding: .5rem; background: #fff; border: 1px solid var(--edge); border-radius: 6px; color: #1f2328; }
figure { overflow-x: auto; } figure svg { display: block; width: 100%; min-width: 26rem; height: auto; } figcaption { font-size: .85rem; color: #57606a; padding: .25rem .5rem; }
figure a { color: #0550ae; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; font-size: .9rem; margin: .5rem 0 1rem; }
dt { grid-column: 1; color: var(--soft); } dd { grid-column: 2; margin: 0; }
pre { overflow-x: auto; padding: .75rem; border: 1px solid var(--edge); border-radius: 6px; font-size: .85rem; }
summary { cursor: pointer; } .bad { color: #cf222e; font-weight: 600; }
@media (prefers-color-scheme: dark) { .bad { color: #ff7b72; } }
@media print { body { max-width: none; padding: 0; } details { break-inside: avoid; } figure { break-inside: avoid; } }
`;
