// The pages are those of docs/, copied by `npm run build`, since Vue is looked for from where they lie.
import { readdirSync } from 'node:fs';
import { defineConfig } from 'vitepress';

const page = (text, link) => ({ text, link });
const cases = readdirSync(new URL('../pages/cases', import.meta.url))
  .filter((file) => file.endsWith('.md'))
  .map((file) => page(`Case ${file.slice(0, -3)}`, `/cases/${file.slice(0, -3)}`));

export default defineConfig({
  title: 'bootbench',
  description: 'Does your jump into the STM32 ROM bootloader reach USB DFU, and if not, which line broke it?',
  srcDir: 'pages',
  outDir: './dist',
  // what is named in angle brackets is no element
  markdown: { html: false },
  rewrites: { 'start.md': 'index.md' },
  ignoreDeadLinks: [/\.\.\//, /\.cfg$/],
  themeConfig: {
    search: { provider: 'local' },
    sidebar: [
      {
        text: 'Start',
        items: [
          page('By what you see', '/'),
          page('In CI', '/ci'),
          page('On a board', '/boards'),
          page('Library', '/library'),
          page('Playground', '/playground'),
        ],
      },
      { text: 'Reference', items: [page('Scenario', '/scenario'), page('Result', '/result'), page('DFU conformance', '/conformance')] },
      {
        text: 'How far to trust it',
        items: [page('Fidelity', '/fidelity'), page('Folklore', '/folklore'), page('Benchmarks', '/benchmarks')],
      },
      { text: 'Cases', items: cases },
      { text: 'Inside', items: [page('How the cores run', '/engine'), page('Decisions', '/decisions')] },
    ],
  },
});
