/** What the pages have in common. */
import type { Sentence } from '../bench/documents/sentence.ts';
import type { SafeText } from '../bench/documents/safe-text.ts';
import { printable } from './text.ts';

const ENTITIES: Readonly<Record<string, string>> = { '<': '&lt;', '>': '&gt;', '&': '&amp;', '"': '&quot;' };
/** What a CI runner would obey if the page is printed: lines that begin with `::`, and `##[`. */
const RUNNER = /^[^\S\n]*:(?=:)|#(?=#\w*\[)/gm;
export const escapeHtml = (text: Sentence): string =>
  printable(text)
    .replace(/[<>&"]/g, (c) => ENTITIES[c]!)
    .replace(RUNNER, (found) => `${found.slice(0, -1)}&#${found.charCodeAt(found.length - 1)};`);

/** A page, whose texts have gone through `escapeHtml`. */
export const pageOf = (markup: string): SafeText => markup as SafeText;

export const PAGE_STYLE = `
:root { color-scheme: light dark; --ink: light-dark(#1c2024, #dde2e8); --soft: light-dark(#5b6570, #9aa5b1); --line: light-dark(#d5dae0, #3a424b);
--back: light-dark(#fff, #16191d); --panel: light-dark(#f5f7f9, #1f2429); --fail: light-dark(#b00020, #ff8a80); --bad: var(--fail); --warn: light-dark(#7a4e00, #ffd180); --pass: light-dark(#1b6e2d, #8fd3a0); --link: light-dark(#0a58ca, #82b1ff) }
* { box-sizing: border-box } body { font: 15px/1.45 system-ui, sans-serif; margin: 0; color: var(--ink); background: var(--back) }
main { max-width: 76rem; margin: 0 auto; padding: 1rem } h1 { font-size: 1.4rem } h2 { font-size: 1.1rem; margin-top: 2rem }
pre { background: var(--panel); padding: .75rem; overflow-x: auto; border-radius: 4px; font-size: 13px } .scroll { overflow-x: auto }
table { border-collapse: collapse; width: 100% } td, th { border-bottom: 1px solid var(--line); padding: .25rem .5rem; text-align: left; vertical-align: top; overflow-wrap: break-word; min-width: 3rem } th { white-space: nowrap }
summary { cursor: pointer; padding: .25rem 0 } a { color: var(--link) } :focus-visible { outline: 2px solid var(--link); outline-offset: 1px }
.fail { color: var(--fail); font-weight: 600 } .warn { color: var(--warn); font-weight: 600 } .pass { color: var(--pass) } .soft { color: var(--soft) }`;
