// The pages are laid out by pages.mjs, those of the library by typedoc.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { defineConfig } from 'vitepress';

const pages = new URL('../pages/', import.meta.url);
const page = (text, link) => ({ text, link });
const cases = readdirSync(new URL('cases', pages))
  .filter((file) => file.endsWith('.md'))
  .map((file) => page(`Case ${file.slice(0, -3)}`, `/cases/${file.slice(0, -3)}`));
/** Its hundreds of names stand beside its own pages alone: every page would be slow with them. */
const library = JSON.parse(readFileSync(new URL('api/typedoc-sidebar.json', pages), 'utf8'));

// a file that is given as it is: its link gets no .html
process.env['VITE_EXTRA_EXTENSIONS'] = 'cfg';

/** Pictures say how large they are, so that nothing moves when they arrive. Where a phone has one of its own, that takes its place. */
function sized(rules) {
  const image = rules.image;
  const sizeOf = (name) => /<svg[^>]*? width="(\d+)" height="(\d+)"/.exec(readFileSync(new URL(`pictures/${name}`, pages), 'utf8'));
  rules.image = (tokens, at, ...rest) => {
    const name = /(?:^|\/)pictures\/([\w-]+\.svg)$/.exec(tokens[at].attrGet('src') ?? '')?.[1];
    const size = name && sizeOf(name);
    if (size) tokens[at].attrSet('style', `aspect-ratio:${size[1]}/${size[2]};width:${size[1]}px`);
    const wide = image(tokens, at, ...rest);
    const narrow = name?.replace(/\.svg$/, '-narrow.svg');
    if (!narrow || !existsSync(new URL(`pictures/${narrow}`, pages))) return wide;
    const [, width, height] = sizeOf(narrow);
    const source = tokens[at].attrGet('src').replace(name, narrow);
    // its own size stands in place of that of the wide one (theme/style.css)
    const itsSize = `--narrow-ratio:${width}/${height};--narrow-width:${width}px`;
    return `<picture class="for-phones" style="${itsSize}"><source media="(max-width: 600px)" srcset="${source}">${wide}</picture>`;
  };
}

export default defineConfig({
  title: 'bootbench',
  description: 'Does your jump into the STM32 ROM bootloader reach USB DFU, and if not, which line broke it?',
  head: [['link', { rel: 'icon', href: 'data:,' }]],
  srcDir: 'pages',
  outDir: './dist',
  // what is named in angle brackets is no element
  markdown: {
    html: false,
    // 4.5:1 on the ground of a block of code
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' },
    config: (md) => sized(md.renderer.rules),
  },
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    nav: [
      page('Start', '/start'),
      page('Scenario', '/scenario'),
      page('Result', '/result'),
      page('Library', '/library'),
      { text: 'Playground', link: '/playground/', target: '_self' },
    ],
    sidebar: {
      '/api/': [page('All pages', '/start'), { text: 'The library', link: '/api/', items: library }],
      '/': [
        { text: 'Tutorial', items: [page('From "no DFU" to a green CI job', '/tutorial')] },
        {
          text: 'How to',
          items: [
            page('Start from what you see', '/start'),
            page('Use each command', '/commands'),
            page('Run it in CI', '/ci'),
            page('Use it on a board', '/boards'),
            page('Settle what ST leaves open', '/evidence'),
            page('Look at the event stream', '/trace'),
            page('Run many cases', '/scale'),
            page('Use the playground', '/playground-guide'),
            page('Use the library', '/library'),
            page('Write a DFU client', '/clients'),
            page('Troubleshooting', '/troubleshooting'),
            page('Questions', '/faq'),
          ],
        },
        {
          text: 'Reference',
          items: [
            page('Chips', '/chips'),
            page('Scenario', '/scenario'),
            page('Result', '/result'),
            page('Words of a report', '/words'),
            page('DFU conformance', '/conformance'),
            page('What ST does not publish', '/roms'),
            page('The library', '/api/'),
            page('What stays stable', '/support'),
            page('Security', '/security'),
            page('Changes', '/changelog'),
          ],
        },
        {
          text: 'Explanation',
          items: [
            page('How to think about the jump', '/concepts'),
            page('bootbench, Renode, QEMU, Wokwi', '/which'),
            page('The stand-in ROM', '/rom'),
            page('Fidelity', '/fidelity'),
            page('Folklore', '/folklore'),
            page('Firmware of other projects', '/compat'),
            { text: 'Cases', collapsed: true, items: cases },
          ],
        },
        {
          text: 'Development',
          collapsed: true,
          items: [
            page('Contributing', '/contributing'),
            page('Structure', '/dev/structure'),
            page('Recipes', '/dev/recipes'),
            page('Tests', '/dev/tests'),
            page('Writing a check, adding a chip', '/dev/extending'),
            page('How the cores run', '/dev/engine'),
            page('Decisions', '/dev/decisions'),
            page('Boundaries and tests', '/dev/security'),
            page('Benchmarks', '/dev/benchmarks'),
            page('What was run', '/dev/outside'),
            page("The ROM's sources", '/rom-sources'),
            page('Fixtures', '/fixtures'),
          ],
        },
      ],
    },
  },
});
