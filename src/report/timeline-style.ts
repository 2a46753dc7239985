/** What the timeline looks like (src/report/app/timeline.ts), in a report and in the playground. Patterns and texts tell what colours tell. */
export const TIMELINE_STYLE = `#timeline svg { width: 100%; display: block; touch-action: pan-y; background: var(--panel); border-radius: 4px } #timeline text { fill: var(--ink); font-size: 12px } #timeline .domain, #timeline .tick line { stroke: var(--line) }
.tools { display: flex; gap: .5rem; margin: .5rem 0; flex-wrap: wrap } tr.chosen td { background: var(--panel); font-weight: 600 }
.mark { cursor: pointer } .mark rect { fill: light-dark(#b7d3f5, #2c5a92); stroke: var(--ink); stroke-width: .5 } .mark.rom rect { fill: light-dark(#f5d9a8, #7a5a1e) } .mark.clock rect { fill: light-dark(#d5e8d4, #2f5a3a) }
.mark.wire rect { fill: light-dark(#e3d9f2, #51407a) } .mark.bus rect { fill: light-dark(#f9d5d3, #7a3a38) } .mark.instant rect { fill: var(--ink) } #timeline .mark text { font-size: 11px; pointer-events: none } .mark.instant text { display: none }
.mark.chosen rect { stroke: var(--bad); stroke-width: 3 } #timeline text.repaired { font-style: italic } line.no-return { stroke: var(--bad); stroke-width: 2; stroke-dasharray: 6 3 }`;
