// The pages are laid out by pages.mjs, those of the library by typedoc.
import { readdirSync, readFileSync } from 'node:fs';
import { defineConfig } from 'vitepress';

const pages = new URL('../pages/', import.meta.url);
const page = (text, link) => ({ text, link });
const cases = readdirSync(new URL('cases', pages))
  .filter((file) => file.endsWith('.md'))
  .map((file) => page(`Case ${file.slice(0, -3)}`, `/cases/${file.slice(0, -3)}`));
const library = JSON.parse(readFileSync(new URL('api/typedoc-sidebar.json', pages), 'utf8'));

// a file that is given as it is: its link gets no .html
process.env['VITE_EXTRA_EXTENSIONS'] = 'cfg';

export default defineConfig({
  title: 'bootbench',
  description: 'Does your jump into the STM32 ROM bootloader reach USB DFU, and if not, which line broke it?',
  head: [['link', { rel: 'icon', href: 'data:,' }]],
  srcDir: 'pages',
  outDir: './dist',
  // what is named in angle brackets is no element
  markdown: { html: false },
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    nav: [
      page('Start', '/'),
      page('Scenario', '/scenario'),
      page('Result', '/result'),
      page('Library', '/library'),
      { text: 'Playground', link: '/playground/', target: '_self' },
    ],
    sidebar: [
      {
        text: 'Start',
        items: [
          page('By what you see', '/'),
          page('Each command', '/commands'),
          page('In CI', '/ci'),
          page('On a board', '/boards'),
          page('The event stream', '/trace'),
          page('At scale', '/scale'),
          page('The playground', '/playground-guide'),
        ],
      },
      {
        text: 'Reference',
        items: [
          page('Scenario', '/scenario'),
          page('Result', '/result'),
          page('Words of a report', '/words'),
          page('DFU conformance', '/conformance'),
          page('Changes', '/changelog'),
        ],
      },
      {
        text: 'Library',
        items: [page('Guide', '/library'), { text: 'All entry points', link: '/api/', collapsed: true, items: library }],
      },
      {
        text: 'How far to trust it',
        items: [
          page('The stand-in ROM', '/rom'),
          page('What ST does not publish', '/roms'),
          page('Fidelity', '/fidelity'),
          page('Firmware of others', '/outside'),
          page('Folklore', '/folklore'),
          page('Benchmarks', '/benchmarks'),
        ],
      },
      { text: 'Cases', collapsed: true, items: cases },
      {
        text: 'Inside',
        items: [
          page('Writing a check, adding a chip', '/extending'),
          page('Contributing', '/contributing'),
          page('How the cores run', '/engine'),
          page("The ROM's sources", '/rom-sources'),
          page('Fixtures', '/fixtures'),
          page('Decisions', '/decisions'),
        ],
      },
    ],
  },
});
