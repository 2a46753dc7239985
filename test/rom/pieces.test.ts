/** A dump in pieces, each at its address. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { Session } from '../../src/bench/session/session.ts';
import { packTarget, unpackTarget, blobsOf } from '../../src/campaign/content.ts';
import { findChip } from '../../src/chips/index.ts';
import { romImage } from '../../src/cli/rom-image.ts';
import { readDump } from '../../src/cli/rom-dump.ts';
import { romHash } from '../../src/rom/identity.ts';
import { dumpBase, type RomSegment } from '../../src/rom/load.ts';
import { placePieces, whyNoPlace } from '../../src/rom/pieces.ts';
import { romProfileOf } from '../../src/rom/profiles.ts';
import '../../src/browser-host.ts';
import { bench } from '../../src/index.ts';
import { plainJob } from '../bench/plain-job.ts';
import { cli, folder } from '../cli/helpers.ts';

const of = (name: string) => {
  const chip = findChip(name)!;
  const profile = romProfileOf(chip)!;
  return { chip, profile, image: romImage(profile.image) };
};
const { chip, profile, image } = of('stm32f072rb');
const CUT = 0x800;
const cut: RomSegment[] = [
  { address: profile.base + CUT, bytes: image.slice(CUT) },
  { address: profile.base, bytes: image.slice(0, CUT) },
];

describe('A dump in pieces', () => {
  it('is the dump in one piece, in whatever order it is given', () => {
    const { bytes, beside } = placePieces(profile, cut);
    expect(beside).toEqual([]);
    expect(bytes).toEqual(image);
    expect(romHash(chip, profile, bytes, beside)).toBe(romHash(chip, profile, image));
  });
  it.each(['stm32h533re', 'stm32h745zi', 'stm32l476rg', 'stm32f405rg'])('lies where it was read from: %s', (name) => {
    const { profile: p, image: rom } = of(name);
    for (const below of [[], [{ address: p.systemMemory.value.base, bytes: rom.slice(0, 16) }]].slice(
      0,
      p.systemMemory.value.base < p.base ? 2 : 1,
    )) {
      const { bytes } = placePieces(p, [{ address: p.base, bytes: rom.slice() }, ...below]);
      const at = dumpBase(p, bytes)!;
      expect(bytes.subarray(p.base - at, p.base - at + rom.length)).toEqual(rom);
    }
  });
  it('runs in the library as it does in one piece', async () => {
    const options = { chip: 'stm32f072rb', images: [], scenario: { board: { boot0: 1 } } } as const;
    const hashes = [];
    for (const romDump of [image, cut]) {
      const { outcome, rom, summary } = await bench({ ...options, romDump });
      expect(summary).toContain('the chip started in the ROM from your dump');
      expect([outcome, rom.kind]).toEqual(['dfu', 'dump']);
      hashes.push(rom.sha256);
    }
    expect(hashes[0]).toBe(hashes[1]);
  });
  it('has pieces in other stretches of system memory, which run, count in the hash and reach the workers of a campaign', async () => {
    const g0 = of('stm32g0b1re');
    const second = { address: 0x1fff8000, bytes: Uint8Array.of(0x78, 0x56, 0x34, 0x12, 0xff) };
    const placed = placePieces(g0.profile, [second, { address: g0.profile.base, bytes: g0.image }]);
    expect(placed.beside).toEqual([second]);
    const job = {
      ...plainJob('stm32g0b1re', [{ path: 'app.bin@0x08000000', bytes: new Uint8Array(64).fill(0x20) }]),
      rom: { kind: 'dump' as const, ...placed, version: null, options: {} },
    };
    const session = new Session(jobInput(job));
    expect(session.machine.system.read(0x1fff8000, 4)).toBe(0x12345678);
    session.release();
    const hash = (beside: RomSegment[]): string => romHash(g0.chip, g0.profile, g0.image, beside);
    expect(new Set([hash([]), hash([second]), hash([{ ...second, bytes: Uint8Array.of(1) }])]).size).toBe(3);
    expect(hash([{ ...second, bytes: second.bytes.slice(0, 4) }])).toBe(hash([second]));
    const { hash: manifest, blobs } = packTarget(job);
    for (const blob of await blobsOf(blobs.get(manifest)!)) expect(blobs.has(blob)).toBe(true);
    expect((await unpackTarget(manifest, { has: () => true, get: (h) => blobs.get(h)!, put: () => undefined })).rom).toEqual(job.rom);
  });
  it('is refused where pieces overlap, lie outside of system memory, are empty, or have no address', () => {
    const [tail, head] = [cut[0]!, cut[1]!];
    expect(whyNoPlace(chip, profile, cut)).toBeNull();
    expect(whyNoPlace(chip, profile, [head, { ...tail, address: tail.address - 1 }])).toMatch(/^the piece at .* overlaps the piece at /);
    expect(whyNoPlace(chip, profile, [head, { ...tail, address: 0x08000000 }])).toMatch(
      /^the piece at 0x08000000 .* is not inside of system memory of STM32F072RB \(0x1fffc800 to 0x1fff/,
    );
    expect(whyNoPlace(chip, profile, [{ ...head, address: profile.base - 1 }])).toMatch(/is not inside of system memory/);
    expect(whyNoPlace(chip, profile, [{ ...head, bytes: new Uint8Array(0) }])).toMatch(/is empty$/);
    expect(() => readDump(chip, ['a.bin@0x1fffc800', 'b.bin'], () => head.bytes)).toThrow(/^--rom: b\.bin is one of several pieces/);
  });
});

const APP = join(import.meta.dirname, '../../fixtures/f072-jump-in-tick/firmware.elf');

describe('Commands that take a dump', () => {
  const place = (): string => {
    const code = image.slice();
    // as code that is not the stand-in's
    code[Buffer.from(code).indexOf('BOOTLOADER')] = 0x62;
    return folder({ 'whole.bin': code, 'a.bin': code.subarray(0, CUT), 'b.bin': code.subarray(CUT) });
  };
  const at = (offset: number): string => `0x${(profile.base + offset).toString(16)}`;
  const CHIP = ['--chip', 'stm32f072rb'];
  const PIECES = [`b.bin@${at(CUT)}`, `a.bin@${at(0)}`];

  it('learn the same from its pieces', async () => {
    const cwd = place();
    const whole = await cli(['rom', 'learn', 'whole.bin', ...CHIP, '--json'], { cwd });
    const pieces = await cli(['rom', 'learn', ...PIECES, ...CHIP, '--json'], { cwd });
    expect([whole.code, pieces.code]).toEqual([0, 0]);
    expect(pieces.out).toBe(whole.out);
  });
  it('run them with --rom', async () => {
    const cwd = place();
    const rom = PIECES.flatMap((piece) => ['--rom', piece]);
    const said = async (more: string[]) => (await cli(['run', APP, ...CHIP, ...more], { cwd })).jobs[0]!.rom;
    const dump = await said(rom);
    expect(dump.kind).toBe('dump');
    expect(dump).toEqual(await said(['--rom', 'whole.bin']));
  });
  it('refuse them in one sentence', async () => {
    const cwd = place();
    for (const [command, second, why] of [
      [['rom', 'compare', PIECES[1]!], `b.bin@${at(CUT - 4)}`, /^bootbench: the piece at \S+ \(\d+ bytes\) overlaps the piece at \S+\n$/],
      [['rom', 'learn', PIECES[1]!], 'b.bin@0x08000000', /^bootbench: the piece at 0x08000000 .* is not inside of system memory .*\n$/],
      [['run', APP, '--rom', PIECES[1]!, '--rom'], 'b.bin@0x08000000', /--rom: the piece at 0x08000000/],
    ] as const) {
      const { code: exit, err } = await cli([...command, second, ...CHIP], { cwd });
      expect(exit).toBe(2);
      expect(err).toMatch(why);
    }
  });
});
