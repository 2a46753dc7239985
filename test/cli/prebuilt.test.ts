import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { CHIPS } from '../../src/chips/index.ts';
import { moduleFile, moduleKey, usePrebuilt } from '../../src/cli/prebuilt.ts';
import { PROFILES } from '../../src/emu/core/models/index.ts';
import { interpreterBytes } from '../../src/emu/core/interpreter/interpreter-module.ts';
import { PREBUILT } from '../../src/emu/core/interpreter/prebuilt.ts';

test('every core of every chip names a profile', () => {
  for (const chip of CHIPS)
    for (const [i, core] of chip.cores.entries()) expect(Object.keys(PROFILES)).toContain(moduleKey(core, i).split(':')[0]);
});

test('a module beside the program stands in for the generated one; a missing one changes nothing', () => {
  const chip = CHIPS.find((c) => c.name.startsWith('STM32H533'))!;
  const folder = mkdtempSync(join(tmpdir(), 'bootbench-prebuilt-'));
  const url = pathToFileURL(`${folder}/`);
  try {
    usePrebuilt(chip.cores, url);
    expect(PREBUILT.size).toBe(0);
    const made = interpreterBytes(PROFILES.m33, 0);
    writeFileSync(join(folder, moduleFile('m33:0')), made);
    usePrebuilt(chip.cores, url);
    expect(PREBUILT.get('m33:0')).toEqual(made);
    expect(interpreterBytes(PROFILES.m33, 0)).toBe(PREBUILT.get('m33:0'));
  } finally {
    PREBUILT.clear();
    rmSync(folder, { recursive: true });
  }
});
