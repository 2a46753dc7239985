#!/usr/bin/env node
// Lays out the pages of the site in pages/: those of docs/, and a few of the repository. Vue is looked for from where they lie, so they are copied.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, posix, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const site = dirname(fileURLToPath(import.meta.url));
const root = resolve(site, '..');
const out = join(site, 'pages');
/** It makes place for the playground itself. */
const OTHERWISE = { 'playground.md': 'playground-guide.md' };
/** Pages by their place in the repository. */
const pages = new Map([
  ['CONTRIBUTING.md', 'contributing.md'],
  ['CHANGELOG.md', 'changelog.md'],
  ['SUPPORT.md', 'support.md'],
  ['SECURITY.md', 'security.md'],
  ['rom/README.md', 'rom-sources.md'],
  ['fixtures/README.md', 'fixtures.md'],
]);
for (const file of readdirSync(join(root, 'docs'), { recursive: true }).map(String))
  if (file.endsWith('.md')) pages.set(posix.join('docs', file), OTHERWISE[file] ?? file);

rmSync(out, { recursive: true, force: true });
mkdirSync(join(out, 'public'), { recursive: true });
cpSync(join(root, 'docs', 'pictures'), join(out, 'pictures'), { recursive: true });
for (const [from, to] of pages) {
  const text = readFileSync(join(root, from), 'utf8').replace(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g, (whole, target) => {
    const file = posix.join(posix.dirname(from), target);
    if (!existsSync(join(root, file))) throw new Error(`${from} links to ${target}, which is not there`);
    const page = pages.get(file);
    if (page !== undefined) return `](${posix.relative(posix.dirname(to), page)}`;
    if (file.startsWith('docs/pictures/')) return whole;
    // a file that is no page is given as it is
    cpSync(join(root, file), join(out, 'public', file));
    return `](/${file}`;
  });
  mkdirSync(dirname(join(out, to)), { recursive: true });
  // comments are for the tools that write a part of a page
  writeFileSync(join(out, to), text.replace(/^<!--.*-->\n/gm, ''));
}
// what stands on it is .vitepress/theme/first-page.vue
writeFileSync(join(out, 'index.md'), '---\nlayout: page\nsidebar: false\nfirst: true\n---\n');
console.log(`${pages.size + 1} pages in ${relative(root, out)}`);
