import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { STM32H533RE } from '../../src/chips/stm32h533.ts';
import { loadRom, optionAt, patchOptions, RomImageError, type RomManifest } from '../../src/rom/load.ts';
import { optionWords, resolveRomOptions, ROM_OPTION_IDS } from '../../src/rom/options.ts';
import { romConfiguration } from '../../src/rom/configuration.ts';
import { findRomProfile, ROM_PROFILES, type RomProfile } from '../../src/rom/profiles.ts';
import { byTurns } from '../turn.ts';

const ROM = fileURLToPath(new URL('../../rom/', import.meta.url));
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const read = (path: string): Uint8Array => new Uint8Array(readFileSync(join(ROM, path)));
const manifestOf = (profile: RomProfile): RomManifest =>
  JSON.parse(readFileSync(join(ROM, `images/${profile.image}.json`), 'utf8')) as RomManifest;
const word = (bytes: Uint8Array, offset: number): number => new DataView(bytes.buffer, bytes.byteOffset).getUint32(offset, true);

const h5 = findRomProfile(STM32H533RE.rom!.id)!;
const image = read('images/h5.bin');

describe.each(ROM_PROFILES.map((profile) => [profile.id, profile] as const))('stand-in ROM %s', (_id, profile) => {
  const bytes = read(`images/${profile.image}.bin`);
  const manifest = manifestOf(profile);

  it('manifest, profile and image agree', () => {
    expect(manifest.id).toBe(profile.id);
    expect(Number(manifest.base)).toBe(profile.base);
    expect(Number(manifest.optionBlock)).toBe(profile.optionBlock);
    expect(manifest.size).toBe(bytes.length);
    expect(bytes.length).toBe(profile.size);
    expect(profile.versions.value.at(-1)).toBe(manifest.version);
    expect(sha256(bytes)).toBe(manifest.sha256);
  });

  it('was built from the sources that lie beside it', () => {
    for (const [path, hash] of Object.entries(manifest.sources)) expect(sha256(read(path)), `${path}: run rom/build.sh`).toBe(hash);
    const paths = Object.keys(manifest.sources);
    const own = readdirSync(join(ROM, profile.build.folder)).map((file) => `${profile.build.folder}/${file}`);
    expect(paths).toEqual(expect.arrayContaining(own));
    for (const path of [
      profile.build.alone ? 'common/options.c' : 'common/start.c',
      'generated/options.h',
      `generated/${profile.image}/config.h`,
      `generated/${profile.image}/rom.ld`,
    ])
      expect(paths).toContain(path);
  });

  it('the initial SP is the top of the RAM that the ROM may use, the entry is Thumb code inside the image', () => {
    const [ram] = profile.ramUse.value;
    const stack = word(bytes, 0);
    expect(stack).toBe(profile.initialStack.value);
    expect(stack).toBeGreaterThan(ram!.base);
    // Some are known, and are not what AN2606 lets one expect.
    if (profile.initialStack.confidence === 'assumed') expect(stack).toBe(ram!.base + ram!.size);
    expect(word(bytes, 4) & 1).toBe(1);
    expect(word(bytes, 4)).toBeGreaterThan(profile.base);
    expect(word(bytes, 4)).toBeLessThan(profile.optionBlock);
  });

  it('the committed option words are the defaults, the version behind them is the last one', () => {
    const words = [...optionWords(resolveRomOptions(profile.options)), profile.versions.value.length - 1];
    words.forEach((value, i) =>
      expect(word(bytes, profile.optionBlock - profile.base + i * 4), ROM_OPTION_IDS[i] ?? 'version').toBe(value),
    );
  });
});

// .ci/run rebuilds all of them behind the tests: fifty seconds of a compiler, of which a run of the tests takes one
describe.each(byTurns(ROM_PROFILES, 40).map((profile) => [profile.id, profile] as const))('stand-in ROM %s', (_id, profile) => {
  it('rebuilding gives the same bytes', (context) => {
    const manifest = manifestOf(profile);
    const compiler = spawnSync('arm-none-eabi-gcc', ['-dumpfullversion'], { encoding: 'utf8' });
    const version = compiler.status === 0 ? `arm-none-eabi-gcc ${compiler.stdout.trim()}` : 'no arm-none-eabi-gcc';
    if (version !== manifest.compiler) return context.skip(`${version} here, the image was built with ${manifest.compiler}`);
    const out = mkdtempSync(join(tmpdir(), 'bootbench-rom-'));
    try {
      execFileSync(join(ROM, 'build.sh'), [profile.image], { env: { ...process.env, OUT: out } });
      for (const ext of ['bin', 'elf', 'json']) {
        expect(sha256(new Uint8Array(readFileSync(join(out, `${profile.image}.${ext}`)))), ext).toBe(
          sha256(read(`images/${profile.image}.${ext}`)),
        );
      }
    } finally {
      rmSync(out, { recursive: true });
    }
  });
});

it('rom/generated is what src/rom says: node tools/run-ts.mjs tools/rom-config.ts', () => {
  const files = romConfiguration();
  for (const [path, text] of Object.entries(files)) expect(new TextDecoder().decode(read(`generated/${path}`)), path).toBe(text);
  const committed = readdirSync(join(ROM, 'generated'), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  expect(committed).toHaveLength(Object.keys(files).length);
});

describe('H523/H533 vector table', () => {
  const vectors = Array.from({ length: 16 + STM32H533RE.cores[0]!.nvicLines }, (_, i) => word(image, i * 4));

  it('has a Thumb handler inside the image for every exception and all 133 interrupts', () => {
    const reserved = [8, 9, 10, 13];
    vectors.slice(1).forEach((vector, i) => {
      const exception = i + 1;
      if (reserved.includes(exception)) return expect(vector).toBe(0);
      expect(vector & 1, `exception ${exception}`).toBe(1);
      expect(vector, `exception ${exception}`).toBeGreaterThanOrEqual(h5.base + vectors.length * 4);
      expect(vector, `exception ${exception}`).toBeLessThan(h5.optionBlock);
    });
  });

  it('gives USB_DRD_FS a handler of its own and all other interrupts the unexpected one', () => {
    const usb = vectors[16 + h5.usbIrq];
    const others = new Set(vectors.slice(16).filter((_, line) => line !== h5.usbIrq));
    expect([...others]).toEqual([vectors[3]]);
    expect(others.has(usb!)).toBe(false);
  });
});

describe('loading a stand-in ROM', () => {
  const gapOf = (value: string): Uint8Array => {
    const { segments } = loadRom(h5, image, { 'sysflash-gap': value });
    return segments.find((s) => s.address === 0x0bf80000)!.bytes;
  };

  it('changes the option words and nothing else, and leaves the image alone', () => {
    const before = sha256(image);
    const patched = patchOptions(h5, image, resolveRomOptions(h5.options, { primask: 'clears', 'unexpected-exception': 'resets' }));
    const changed = [...patched.keys()].filter((i) => patched[i] !== image[i]).map((i) => h5.base + i);
    expect(changed.map((address) => optionAt(h5, address))).toEqual(['primask', 'unexpected-exception']);
    expect(sha256(image)).toBe(before);
  });

  it('system memory ends erased behind the image', () => {
    const rom = loadRom(h5, image).segments.find((s) => s.address === h5.base)!;
    expect(rom.bytes.length).toBe(0x9000);
    expect(rom.bytes.subarray(0, image.length)).toEqual(image);
    expect(rom.bytes.subarray(image.length).every((b) => b === 0xff)).toBe(true);
  });

  it('the segments fill the memories that the chip has for them', () => {
    const rows = STM32H533RE.memories.filter((m) => m.zone === 'systemMemory').map((m) => [m.base, m.size]);
    expect(loadRom(h5, image).segments.map((s) => [s.address, s.bytes.length])).toEqual(rows);
  });

  it('the gap is erased, zero, a decoy table before zeros, or faults', () => {
    expect(gapOf('erased').every((b) => b === 0xff)).toBe(true);
    expect(gapOf('zero').every((b) => b === 0)).toBe(true);
    const decoy = gapOf('decoy');
    const [sp, pc] = [word(decoy, 0), word(decoy, 4)];
    expect(sp > 0x20000000 && sp <= 0x20044000).toBe(true);
    expect(pc & 1).toBe(1);
    // the entry lies behind the table, not in it
    expect(pc > 0x0bf80008 && pc < h5.base).toBe(true);
    expect(decoy.subarray(8).every((b) => b === 0)).toBe(true);
    const fault = loadRom(h5, image, { 'sysflash-gap': 'fault' });
    expect(fault.faults).toEqual([{ base: 0x0bf80000, size: 0x17000 }]);
    expect(fault.segments.map((s) => s.address)).toEqual([h5.base]);
  });

  it('a decoy that resets: every vector leads to a write of SYSRESETREQ', () => {
    const bytes = gapOf('decoy-resets');
    expect(word(bytes, 0)).toBe(h5.initialStack.value);
    for (let vector = 1; vector < 16; vector++) expect(word(bytes, 4 * vector)).toBe(0x0bf80201);
    expect([word(bytes, 0x20c), word(bytes, 0x210)]).toEqual([0xe000ed0c, 0x05fa0004]);
  });

  it('vector-table = secure-alias: the SP word is no address below 0x30000000, the entry lies in system memory behind the image', () => {
    const rom = loadRom(h5, image, { 'vector-table': 'secure-alias' }).segments.find((s) => s.address === h5.base)!;
    expect(word(rom.bytes, 0)).toBe(0x30004000);
    expect(word(rom.bytes, 4)).toBe((h5.base + h5.size) | 1);
    // what the vector leads to goes on with the stack and the entry of the image
    expect([word(rom.bytes, h5.size + 12), word(rom.bytes, h5.size + 16)]).toEqual([word(image, 0), word(image, 4)]);
    expect(rom.bytes.subarray(8, image.length)).toEqual(image.subarray(8));
  });

  it('addresses outside the option words belong to no option', () => {
    expect(optionAt(h5, h5.optionBlock)).toBe('primask');
    expect(optionAt(h5, h5.optionBlock + ROM_OPTION_IDS.length * 4 - 1)).toBe('jump-empty-check');
    expect(optionAt(h5, h5.optionBlock - 1)).toBeNull();
    expect(optionAt(h5, h5.optionBlock + ROM_OPTION_IDS.length * 4)).toBeNull();
  });

  it('an image of the wrong size is refused', () => {
    expect(() => loadRom(h5, image.subarray(4))).toThrow(RomImageError);
    expect(() => loadRom(h5, image.subarray(4))).toThrow('has 35836 bytes, expected 35840 with the option block at 0x0bf9fb00');
  });
});
