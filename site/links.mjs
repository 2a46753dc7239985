#!/usr/bin/env node
// Every link of the built site leads to a file of it.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

const dist = join(import.meta.dirname, 'dist');
const there = (file) => existsSync(file) && (statSync(file).isFile() || existsSync(join(file, 'index.html')));
const dead = [];
for (const page of readdirSync(dist, { recursive: true }).map(String)) {
  if (!page.endsWith('.html') || page === '404.html') continue;
  for (const [, href] of readFileSync(join(dist, page), 'utf8').matchAll(/<a [^>]*?href="([^"#?]+)/g)) {
    if (/^[a-z]+:/.test(href)) continue;
    const file = href.startsWith('/') ? join(dist, href) : resolve(dist, dirname(page), href);
    if (!there(decodeURI(file)) && !there(`${decodeURI(file)}.html`)) dead.push(`${page}: ${href}`);
  }
}
if (dead.length > 0) {
  console.error(`links to nothing:\n${dead.join('\n')}`);
  process.exit(1);
}
