/** A project whose build folder is not its root: its compiler was told `../Core/Src/main.c`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { sourcesOf } from '../../src/cli/sources.ts';
import { withShownPaths } from '../../src/report/shown-paths.ts';
import { folder } from '../cli/helpers.ts';

const FILES = ['.git/HEAD', '.git/config', 'product/Core/Src/main.c', 'product/build/fan.elf', 'lib/hal.c'];
const shownFrom = (root: string, cwd: string, what: unknown): unknown =>
  withShownPaths(what, sourcesOf({ images: [join(root, 'product/build/fan.elf')], folder: cwd, io: { cwd, env: {} } }));
const at = { file: '../Core/Src/main.c', line: 3 };
const told = { at, again: at, text: 'a jump (../Core/Src/main.c:3), ../../lib/hal.c:1 and ../gone.c:2', image: '../build/fan.elf' };

it('a file is named from where the user stands, and from the root of the repository where it lies elsewhere', () => {
  const root = folder({});
  for (const path of FILES) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), path);
  }
  const shown = shownFrom(root, join(root, 'product'), told);
  expect(shown).toEqual({
    at: { file: 'Core/Src/main.c', line: 3 },
    again: { file: 'Core/Src/main.c', line: 3 },
    text: 'a jump (Core/Src/main.c:3), lib/hal.c:1 and ../gone.c:2',
    image: '../build/fan.elf',
  });
  const { at: one, again } = shown as typeof told;
  expect(one).toBe(again);
  expect(shownFrom(root, root, at)).toEqual({ file: 'product/Core/Src/main.c', line: 3 });
  expect(shownFrom(root, join(root, 'lib'), at)).toEqual({ file: 'product/Core/Src/main.c', line: 3 });
});

it('a path of the machine that built it leads to the file of the project', () => {
  const root = folder({});
  for (const path of FILES) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), path);
  }
  const place = {
    file: '/build/app/Core/Src/main.c',
    line: 3,
    text: 'in /build/app/Core/Src/main.c:3, not /build/app/Core/Src/main.cpp:3 nor x/build/app/Core/Src/main.c',
  };
  expect(shownFrom(root, join(root, 'product'), place)).toEqual({
    file: 'Core/Src/main.c',
    line: 3,
    text: 'in Core/Src/main.c:3, not /build/app/Core/Src/main.cpp:3 nor x/build/app/Core/Src/main.c',
  });
  const gone = { file: '/build/app/gone.c', line: 1, text: '/build/app/gone.c:1' };
  expect(shownFrom(root, root, gone)).toEqual(gone);
});
