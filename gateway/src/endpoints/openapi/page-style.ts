/** How the page of all endpoints looks, in light and in dark. */
export const style = `
:root { --ink: #1b1f24; --dim: #5b6470; --line: #d9dee4; --ground: #ffffff; --raised: #f5f7f9; --accent: #0b5cad;
  --get: #0a6b4b; --post: #0b5cad; --put: #8a4b00; --delete: #a8202a; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e8ed; --dim: #9aa5b1; --line: #2d343c; --ground: #14181d; --raised: #1c2127; --accent: #78b4f5;
    --get: #63cda4; --post: #78b4f5; --put: #e5ae62; --delete: #f28b90; }
}
* { box-sizing: border-box; }
html { scroll-behavior: smooth; }
body { margin: 0 auto; max-width: 72rem; padding: 2rem 1.25rem 4rem; background: var(--ground); color: var(--ink);
  font: 1rem/1.5 system-ui, -apple-system, 'Segoe UI', sans-serif; }
a { color: var(--accent); }
code { font-family: ui-monospace, 'SF Mono', Menlo, Consolas, monospace; font-size: 0.9em; }
h1 { margin: 0 0 0.5rem; font-size: 1.75rem; }
h1 small, nav small { color: var(--dim); font-weight: 400; }
h1 small { font-size: 1rem; }
h2 { margin: 2.5rem 0 0.5rem; font-size: 1.15rem; }
header p { margin: 0.5rem 0; max-width: 46rem; }
.links a { margin-right: 1.25rem; font-weight: 600; }
.note { color: var(--dim); }
nav { display: flex; flex-wrap: wrap; gap: 0.35rem 0.5rem; margin-top: 1.5rem; padding-top: 1.25rem; border-top: 1px solid var(--line); }
nav a { padding: 0.1rem 0.55rem; border: 1px solid var(--line); border-radius: 0.4rem; background: var(--raised); color: var(--ink);
  text-decoration: none; font-size: 0.9rem; }
nav a:hover { border-color: var(--accent); }
section { scroll-margin-top: 1rem; }
.entry { border: 1px solid var(--line); border-bottom-width: 0; padding: 0.55rem 0.8rem; }
h2 + .entry { border-radius: 0.5rem 0.5rem 0 0; }
.entry:last-child { border-bottom-width: 1px; border-radius: 0 0 0.5rem 0.5rem; }
h2 + .entry:last-child { border-radius: 0.5rem; }
summary { cursor: pointer; list-style: none; }
summary::-webkit-details-marker { display: none; }
details > summary .path::after { content: ' +'; color: var(--dim); }
details[open] > summary .path::after { content: ' −'; }
.method { display: inline-block; min-width: 4.2rem; font-weight: 700; font-size: 0.8rem; letter-spacing: 0.03em; }
.get { color: var(--get); } .post { color: var(--post); } .put, .patch { color: var(--put); } .delete { color: var(--delete); }
.path, details p { overflow-wrap: anywhere; }
.who { float: right; margin-left: 1rem; color: var(--dim); font-size: 0.85rem; }
.summary { display: block; margin-left: 4.2rem; padding-left: 0.25rem; color: var(--dim); font-size: 0.92rem; }
details p, table { margin: 0.6rem 0 0.2rem 4.45rem; font-size: 0.9rem; }
table { border-collapse: collapse; }
caption { padding-bottom: 0.2rem; font-weight: 600; text-align: left; }
td { padding: 0.15rem 1.5rem 0.15rem 0; border-top: 1px solid var(--line); vertical-align: top; }
td + td { color: var(--dim); }
@media (max-width: 40rem) {
  .who { float: none; display: block; margin-left: 0; }
  .summary, details p, table { margin-left: 0; padding-left: 0; }
}
`
