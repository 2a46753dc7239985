/**
 * Writes what the C side of the stand-in ROMs takes from src/rom: rom/generated/options.h (ids and values of the options) and, for each image,
 * rom/generated/<image>/{config.h,rom.ld} and its line of rom/generated/images.txt. Run by rom/build.sh's author after a change of src/rom:
 *   node tools/run-ts.mjs tools/rom-config.ts
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { romConfiguration } from '../src/rom/configuration.ts';

const root = join(process.cwd(), 'rom', 'generated');
rmSync(root, { recursive: true, force: true });
for (const [path, text] of Object.entries(romConfiguration())) {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
