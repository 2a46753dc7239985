/** The unmodified stm32flash writes, verifies and starts a program through the ROM of each line that has a USART, as far as it knows the part. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CHIPS } from '../../src/chips/index.ts';
import { romProfileOf, speaksSerial } from '../../src/rom/profiles.ts';
import { cli, folder } from './helpers.ts';
import { byTurns } from '../turn.ts';

const missing = ['stm32flash', 'python3'].filter((program) => spawnSync(program, ['--help']).error !== undefined);
const why = missing.length === 0 ? null : `${missing.join(' and ')} not installed`;
if (why !== null && process.env['BOOTBENCH_REQUIRE_ORACLES'] === '1') throw new Error(why);

/** One line for each image of a ROM: what the lines share is the image. */
const lines = new Map(
  CHIPS.flatMap((chip) => {
    const profile = romProfileOf(chip);
    const serves = profile !== null && speaksSerial(profile) && profile.interfaces.value.some(({ name }) => /^USART/.test(name));
    return serves ? [[profile.image, chip.name.toLowerCase()] as const] : [];
  }),
);
const PROGRAM = Uint8Array.from({ length: 1500 }, (_, i) => (i < 8 ? [0, 0x10, 0, 0x20, 9, 0, 0, 8][i]! : 0xe7fe >>> (8 * (i % 2))));
/** Parts that are younger than stm32flash 0.7: it reads their ID and gives up. */
const UNKNOWN = ['c011', 'c031', 'c071', 'h503', 'h5', 'h563', 'h723', 'u575', 'wb55'];

describe.skipIf(why !== null)(`stm32flash${why === null ? '' : `: ${why}`}`, () => {
  // it waits a second of wall time for each answer
  it.each(byTurns([...lines], 3))('%s (%s)', { timeout: 60_000, retry: 2 }, async (image, chip) => {
    const cwd = folder({ 'fw.bin': PROGRAM });
    const exec = 'stm32flash -m 8n1 -b 57600 -w fw.bin -v -g 0x08000000 $UART 2>&1';
    const ran = await cli(['uart', '--chip', chip, '--boot0', '--save', 'flash.bin', '--exec', exec], { cwd });
    if (UNKNOWN.includes(image)) return expect(ran.out).toMatch(/Unknown\/unsupported device \(Device ID: 0x4[45789][0-9a-f]\)/);
    expect(ran.code, ran.out).toBe(0);
    expect(ran.out).toContain('Starting execution at address 0x08000000... done');
    expect(Buffer.compare(readFileSync(join(cwd, 'flash.bin')).subarray(0, PROGRAM.length), PROGRAM)).toBe(0);
  });
});
