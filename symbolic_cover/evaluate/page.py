"""The style sheet of the report."""

STYLE = """
:root { --ink: #1d2328; --soft: #667078; --line: #dfe3e6; --accent: #b5432a; }
* { box-sizing: border-box; }
body { margin: 0; background: #f6f5f2; color: var(--ink); font: 16px/1.55 Georgia, "Times New Roman", serif; }
header, main { max-width: 60rem; margin: 0 auto; padding: 0 1.1rem; }
header { padding-top: 2.2rem; }
h1 { margin: 0; font-size: clamp(1.7rem, 5vw, 2.6rem); font-weight: 500; line-height: 1.15; overflow-wrap: anywhere; }
header p { margin: .3rem 0 1.4rem; color: var(--soft); font-style: italic; }
section { margin: 0 0 2.2rem; }
h2 { margin: 0 0 .7rem; font-size: 1.15rem; font-weight: 600; border-bottom: 1px solid var(--line); }
audio { width: 100%; }
ul { margin: 0; padding-left: 1.2rem; }
.wide { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; }
th, td { padding: .45rem .6rem; border-bottom: 1px solid var(--line); text-align: right; vertical-align: top; }
td { font-variant-numeric: tabular-nums; white-space: nowrap; }
thead th { color: var(--accent); font-weight: 600; }
th:first-child { text-align: left; font-weight: 500; padding-left: 0; }
th small { display: block; color: var(--soft); font-weight: 400; font-size: .82rem; line-height: 1.35; }
img, .sheet svg { display: block; width: 100%; height: auto; }
.sheet, img { margin-bottom: 1rem; background: #fff; border: 1px solid var(--line); border-radius: 3px; color: #000; }
dl { display: grid; grid-template-columns: minmax(8rem, auto) 1fr; gap: .25rem 1.2rem; margin: 0; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
@media print { body { background: #fff; } audio { display: none; } }
"""
