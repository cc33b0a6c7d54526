import { variables } from './colours.ts'

const unsure = '.inconclusive,.error,.no-baseline'

/** The page's whole style sheet. */
export const style = `
:root{color-scheme:light dark;${variables('light')}}
@media (prefers-color-scheme:dark){:root{${variables('dark')}}}
*{box-sizing:border-box}
html{scroll-padding-top:1.5rem}
body{margin:0;background:var(--ground);color:var(--ink);font:1rem/1.6 system-ui,-apple-system,'Segoe UI',sans-serif;overflow-wrap:anywhere}
a{color:var(--link);text-underline-offset:.2em}
:focus-visible{outline:2px solid var(--link);outline-offset:2px;border-radius:4px}
.skip{position:absolute;left:-99rem}
.skip:focus{left:1rem;top:1rem;background:var(--ground);padding:.5rem 1rem;z-index:1}
header,.body,footer{max-width:74rem;margin:0 auto;padding:0 1.5rem}
header{padding-top:3rem;padding-bottom:2rem}
header p{margin:.5rem 0 0;max-width:46rem;font-size:1.15rem}
h1,h2,h3,h4{line-height:1.25;text-wrap:balance}
h1{font-size:1.9rem;letter-spacing:-.015em;margin:0 0 .75rem}
h2{font-size:1.4rem;letter-spacing:-.01em;margin:0}
h3{font-size:1.05rem;margin:2.25rem 0 .75rem}
h4{font-size:1rem;color:var(--muted);margin:1.5rem 0 .5rem}
.body{display:grid;grid-template-columns:13rem minmax(0,1fr);gap:3rem;border-top:1px solid var(--line);padding-top:2rem}
nav{position:sticky;top:2rem;align-self:start;font-size:.9rem;max-height:calc(100vh - 4rem);overflow-y:auto;padding:2px}
nav ol{list-style:none;margin:0;padding:0}
nav li{margin:0 0 .9rem}
nav ul{list-style:none;margin:.2rem 0 0;padding:0 0 0 .8rem;border-left:1px solid var(--line)}
nav ul li{margin:.15rem 0}
nav a{color:var(--ink);text-decoration:none;font-weight:600}
nav ul a{color:var(--muted);font-weight:400}
nav a:hover{text-decoration:underline}
nav .status{display:block;font-size:.85rem}
article{padding-bottom:2.5rem;margin-bottom:2.5rem;border-bottom:1px solid var(--line)}
article:last-child{border-bottom:0;margin-bottom:0}
.head{display:flex;flex-wrap:wrap;gap:.35rem .9rem;align-items:baseline}
.said{margin:.6rem 0 0;max-width:46rem}
p{max-width:46rem}
.status{font-weight:600;white-space:nowrap}
.pass{color:var(--pass)}.warn{color:var(--warn)}.fail{color:var(--fail)}
${unsure}{color:var(--unsure)}
.verdict .status{display:inline-block;border:1.5px solid currentColor;border-radius:2rem;padding:.1rem .85rem;font-size:1rem}
.wide{overflow-x:auto;margin:.75rem 0 1.25rem}
table{border-collapse:collapse;width:100%;font-size:.92rem;line-height:1.45;font-variant-numeric:tabular-nums;overflow-wrap:break-word}
caption{text-align:left;font-weight:600;padding:0 0 .4rem}
th,td{padding:.45rem .75rem;text-align:left;vertical-align:top;border-bottom:1px solid var(--line);min-width:4rem}
thead+tbody tr:last-child>*{border-bottom:0}
th:first-child,td:first-child{padding-left:0}
th:last-child,td:last-child{padding-right:0}
thead th{color:var(--muted);font-weight:500;font-size:.85rem;white-space:nowrap;vertical-align:bottom}
tbody th{font-weight:500}
.right{text-align:right;white-space:nowrap}
code,pre{font:.88em/1.5 ui-monospace,'SF Mono',Menlo,Consolas,monospace}
code{background:var(--raised);border-radius:4px;padding:.1em .35em;unicode-bidi:isolate;white-space:pre-wrap}
pre{background:var(--raised);border-radius:8px;padding:.9rem 1.1rem;overflow-x:auto;margin:.75rem 0 1.25rem}
pre code{background:none;padding:0;white-space:pre}
details{margin:.75rem 0 1.25rem;border:1px solid var(--line);border-radius:8px}
summary{cursor:pointer;padding:.55rem 1rem;font-weight:500}
details>div{padding:.25rem 1rem .25rem;border-top:1px solid var(--line)}
figure{margin:.75rem 0 1.5rem;min-width:0}
figcaption{font-weight:600;font-size:.92rem;margin-bottom:.4rem}
figure svg{display:block;width:100%;max-width:760px;height:auto}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(18rem,1fr));gap:0 2rem}
.plot{overflow-x:auto}
.charts figure svg{max-width:440px}
.key{margin:.25rem 0 0;font-size:.85rem;color:var(--muted)}
footer{padding-top:1.5rem;padding-bottom:3rem;color:var(--muted);font-size:.88rem}
.unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
@media (max-width:52rem){.body{grid-template-columns:minmax(0,1fr);gap:1.5rem}nav{position:static;max-height:none}nav ul{display:none}nav .status{display:inline}.plot svg{min-width:34rem}header{padding-top:1.75rem}}
@media print{:root{${variables('light')}}body{font-size:10pt}nav,.skip{display:none}.body{display:block}header,.body,footer{padding-left:0;padding-right:0}figure,tr,summary{break-inside:avoid}h2,h3,h4{break-after:avoid}.wide,pre{overflow:visible}pre code{white-space:pre-wrap}details::details-content{content-visibility:visible;display:block}}
`
