#!/usr/bin/env node
// `npm pack` runs this: the package that users install has no scripts and names no tools of development, so that npm asks nobody to approve an install script.
// `pack-manifest.mjs strip` writes the shorter package.json, `restore` puts the own one back.
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';

const [FILE, KEPT] = ['package.json', '.package.json.kept'];
// what a killed pack left is the own one
if (existsSync(KEPT)) renameSync(KEPT, FILE);
if (process.argv[2] === 'strip') {
  const own = readFileSync(FILE, 'utf8');
  const shipped = (key, value) => (key === 'scripts' || key === 'devDependencies' ? undefined : value);
  writeFileSync(KEPT, own, { flag: 'wx' });
  writeFileSync(FILE, `${JSON.stringify(JSON.parse(own), shipped, 2)}\n`);
}
