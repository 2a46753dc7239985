/** Quirks of DFU ROMs: each is what a client sees of it, and nothing else changes. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { findChip } from '../../src/chips/index.ts';
import { romProfileOf } from '../../src/rom/profiles.ts';
import { DFU_QUIRKS, DFU_ROMS, openDfuRom, type DfuQuirk, type HeldUsb, type WebUsbDevice } from '../../src/usb.ts';

const DNLOAD = 1;
const UPLOAD = 2;
const GETSTATUS = 3;
const CLRSTATUS = 4;
const GETSTATE = 5;
const ABORT = 6;
const setup = (request: number, value: number) => ({ requestType: 'class', recipient: 'interface', request, value, index: 0 }) as const;

/** A client of a few lines: what the device answers, as it is. */
class Client {
  readonly held: HeldUsb;
  readonly device: WebUsbDevice;
  constructor(held: HeldUsb, device: WebUsbDevice) {
    this.held = held;
    this.device = device;
  }
  async out(request: number, value = 0, ...data: number[]): Promise<string> {
    return (await this.device.controlTransferOut(setup(request, value), Uint8Array.from(data))).status;
  }
  async in(request: number, value: number, length: number): Promise<Uint8Array | 'stall'> {
    const { status, data } = await this.device.controlTransferIn(setup(request, value), length);
    return status === 'stall' ? 'stall' : new Uint8Array(data!.buffer);
  }
  /** bStatus and bState. */
  async status(): Promise<[number, number]> {
    const s = await this.in(GETSTATUS, 0, 6);
    return [Number(s[0]), Number(s[4])];
  }
  async state(): Promise<number> {
    return Number((await this.in(GETSTATE, 0, 1))[0]);
  }
  /** A command or a block, and the states of two GETSTATUS. */
  async download(value: number, ...data: number[]): Promise<number[]> {
    expect(await this.out(DNLOAD, value, ...data)).toBe('ok');
    const busy = (await this.status())[1];
    await this.held.run('5s');
    return [busy, (await this.status())[1]];
  }
  async descriptor(value: number, length = 255): Promise<Uint8Array> {
    const request = { requestType: 'standard', recipient: 'device', request: 6, value, index: value >> 8 === 3 ? 0x0409 : 0 } as const;
    return new Uint8Array((await this.device.controlTransferIn(request, length)).data!.buffer);
  }
}
const le = (n: number): number[] => [n & 0xff, (n >>> 8) & 0xff, (n >>> 16) & 0xff, n >>> 24];
const erase = (address: number): number[] => [0x41, ...le(address)];
const point = (address: number): number[] => [0x21, ...le(address)];

async function withClient(chip: string, quirks: readonly DfuQuirk[], body: (client: Client) => Promise<void>): Promise<void> {
  const held = await openDfuRom({ chip, quirks });
  try {
    const device = await held.usb.requestDevice({ filters: [] });
    await device.open();
    await device.claimInterface(0);
    await body(new Client(held, device));
  } finally {
    held.close();
  }
}
const names = (device: WebUsbDevice): (string | null)[] => device.configuration!.interfaces[0]!.alternates.map((a) => a.interfaceName);

describe('h743-bank2-busy', () => {
  it('the erase of a page of bank 2 stays dfuDNBUSY until two CLRSTATUS, and is done', async () => {
    await withClient('stm32h743zi', ['h743-bank2-busy'], async (dfu) => {
      expect(await dfu.download(0, ...point(0x08100000))).toEqual([4, 5]);
      expect(await dfu.download(2, ...new Array<number>(32).fill(0x5a))).toEqual([4, 5]);
      expect(dfu.held.flash().bytes[0x100000]).toBe(0x5a);
      expect(await dfu.download(0, ...erase(0x08100000))).toEqual([4, 4]);
      expect(dfu.held.flash().bytes[0x100000]).toBe(0xff);
      expect(await dfu.state()).toBe(4);
      expect(await dfu.out(DNLOAD, 0, ...point(0x08000000))).toBe('stall');
      expect(await dfu.status()).toEqual([0, 4]);
      expect(await dfu.out(ABORT)).toBe('stall');
      expect(await dfu.status()).toEqual([0, 4]);
      expect(await dfu.out(CLRSTATUS)).toBe('ok');
      expect(await dfu.status()).toEqual([14, 10]);
      expect(await dfu.out(CLRSTATUS)).toBe('ok');
      expect(await dfu.status()).toEqual([0, 2]);
      expect(await dfu.download(0, ...point(0x08100000))).toEqual([4, 5]);
    });
  });
  it('bank 1 is as ever, a bus reset ends it, and without the quirk bank 2 is as bank 1', async () => {
    await withClient('stm32h743zi', ['h743-bank2-busy'], async (dfu) => {
      expect(await dfu.download(0, ...erase(0x080e0000))).toEqual([4, 5]);
      expect(await dfu.download(0, ...erase(0x08120000))).toEqual([4, 4]);
      await dfu.device.reset();
      expect(await dfu.status()).toEqual([0, 2]);
    });
    await withClient('stm32h743zi', [], async (dfu) => expect(await dfu.download(0, ...erase(0x08120000))).toEqual([4, 5]));
  });
});

describe('c5-clrstatus-stalls', () => {
  it('CLRSTATUS outside dfuERROR is refused and changes nothing; in dfuERROR it clears', async () => {
    await withClient('stm32f072rb', ['c5-clrstatus-stalls'], async (dfu) => {
      expect(await dfu.out(CLRSTATUS)).toBe('stall');
      expect(await dfu.state()).toBe(2);
      await dfu.download(0, ...point(0x08000000));
      expect(await dfu.out(CLRSTATUS)).toBe('stall');
      expect(await dfu.state()).toBe(5);
      expect(await dfu.in(UPLOAD, 1, 64)).toBe('stall');
      expect(await dfu.state()).toBe(10);
      expect(await dfu.out(CLRSTATUS)).toBe('ok');
      expect(await dfu.state()).toBe(2);
    });
    // a client that begins with CLRSTATUS (web-stm32-updater) works on F072 and G431
    await withClient('stm32f072rb', [], async (dfu) => {
      expect(await dfu.out(CLRSTATUS)).toBe('ok');
      expect(await dfu.status()).toEqual([0, 2]);
      await dfu.download(0, ...point(0x08000000));
      expect(await dfu.out(CLRSTATUS)).toBe('ok');
      expect(await dfu.status()).toEqual([14, 10]);
    });
  });
});

describe('c5-functional-descriptor-hangs', () => {
  it('the request ends by the time limit of the host, the next one is answered, and the configuration has the descriptor', async () => {
    await withClient('stm32h533re', ['c5-functional-descriptor-hangs'], async (dfu) => {
      const before = dfu.held.seconds;
      await expect(dfu.descriptor(0x2100, 9)).rejects.toMatchObject({ name: 'NetworkError' });
      expect(dfu.held.seconds - before).toBeGreaterThanOrEqual(5);
      expect(await dfu.state()).toBe(2);
      expect([...(await dfu.descriptor(0x0200))].slice(-9, -7)).toEqual([9, 0x21]);
    });
    await withClient('stm32h533re', [], async (dfu) => expect((await dfu.descriptor(0x2100, 9))[1]).toBe(0x21));
  });
});

describe('c5-no-option-bytes', () => {
  it.each(['stm32h533re', 'stm32f405rg', 'stm32f072rb'])('%s: that alternate setting is missing, the others stay', async (chip) => {
    let with_: (string | null)[] = [];
    await withClient(chip, [], async (dfu) => {
      with_ = names(dfu.device);
    });
    await withClient(chip, ['c5-no-option-bytes'], async (dfu) => {
      expect(names(dfu.device)).toEqual(with_.filter((name) => !name!.startsWith('@Option Bytes')));
      expect(with_.length - names(dfu.device).length).toBe(1);
      const configuration = await dfu.descriptor(0x0200);
      expect(configuration[2]).toBe(configuration.length);
    });
  });
});

describe.each([
  ['transfer-size-1024', 'stm32f072rb', 1024],
  ['transfer-size-2048', 'stm32g431rb', 2048],
] as const)('%s', (quirk, chip, size) => {
  it('is told, is the limit of a block and the distance of blocks', async () => {
    await withClient(chip, [quirk], async (dfu) => {
      const functional = (await dfu.descriptor(0x0200)).slice(-9);
      expect(functional[5]! | (functional[6]! << 8)).toBe(size);
      expect([...(await dfu.descriptor(0x2100, 9))]).toEqual([...functional]);
      await dfu.download(0, ...point(0x08004000));
      expect(await dfu.download(4, 1, 2, 3, 4, 5, 6, 7, 8)).toEqual([4, 5]);
      expect(dfu.held.flash().bytes[0x4000 + 2 * size]).toBe(1);
      expect(await dfu.out(DNLOAD, 2, ...new Array<number>(size + 8).fill(0))).toBe('stall');
      expect(await dfu.status()).toEqual([15, 10]);
      await dfu.out(CLRSTATUS);
      expect((await dfu.in(UPLOAD, 4, 8))[0]).toBe(1);
    });
  });
});

describe('f427-string-length', () => {
  it('bLength says more than comes, of all strings but the list of languages; the host cuts them', async () => {
    await withClient('stm32f427vi', ['f427-string-length'], async (dfu) => {
      const name = names(dfu.device)[1]!;
      expect(name).toBe('@Option Bytes  /0x1FFFC000/01*016 e/0x1FFEC000/01*016 e');
      for (const index of [1, 2, 3, 5]) {
        const string = await dfu.descriptor(0x0300 | index);
        expect(string[0]).toBe(string.length + 2);
      }
      expect([...(await dfu.descriptor(0x0300))]).toEqual([4, 3, 9, 4]);
      // a read of the length alone, as some clients make it
      expect((await dfu.descriptor(0x0305, 1))[0]).toBe(2 * name.length + 4);
    });
  });
});

describe('option bytes of F7', () => {
  it.each(['stm32f722re', 'stm32f746zg', 'stm32f767zi'])(
    '%s: all 48 that the name lists come in one block; by f7-option-bytes-32, 32',
    async (chip) => {
      for (const [quirks, length] of [
        [[], 48],
        [['f7-option-bytes-32'], 32],
      ] as const)
        await withClient(chip, quirks, async (dfu) => {
          expect(names(dfu.device)[1]).toBe('@Option Bytes  /0x1FFF0000/01*048 e');
          await dfu.download(0, ...point(0x1fff0000));
          await dfu.out(ABORT);
          expect(await dfu.in(UPLOAD, 2, 48)).toHaveLength(length);
          expect(await dfu.state()).toBe(length === 48 ? 9 : 2);
        });
    },
  );
});

describe('a quirk that cannot be', () => {
  const open = (chip: string, ...quirks: string[]): Promise<HeldUsb> => openDfuRom({ chip, quirks: quirks as DfuQuirk[] });
  it('an unknown name lists the names, and the near one', async () => {
    await expect(open('stm32f405rg', 'c5-stalls')).rejects.toThrow(
      `quirks: there is no quirk "c5-stalls"; known: ${Object.keys(DFU_QUIRKS).join(', ')}`,
    );
    await expect(open('stm32f405rg', 'h743-bank2-bsy')).rejects.toThrow('did you mean h743-bank2-busy? known: h743-bank2-busy, c5-');
    await expect(openDfuRom({ chip: 'stm32f405rg', quirks: 'c5' as never })).rejects.toThrow(
      'quirks is "c5"; give a list: h743-bank2-busy',
    );
  });
  it.each([
    ['stm32f405rg', ['h743-bank2-busy'], 'it is a quirk of another ROM: H743, H750 (revision V)'],
    ['stm32h743zi', ['f7-option-bytes-32'], 'it is a quirk of another ROM'],
    ['stm32f103c8', ['transfer-size-1024'], 'its ROM has no USB'],
    ['stm32f405rg', ['transfer-size-1024', 'transfer-size-2048'], 'exclude each other'],
  ])('%s with %s: %s', async (chip, quirks, why) => {
    await expect(open(chip, ...quirks)).rejects.toThrow(why);
  });
  it('a dump has no quirks', async () => {
    const romDump = new Uint8Array(readFileSync(new URL('../../rom/images/f405.bin', import.meta.url)));
    const options = { chip: 'stm32f405rg', romDump, quirks: ['transfer-size-1024'] as const };
    await expect(openDfuRom(options)).rejects.toThrow('quirks are for the stand-in ROM');
  });
});

it('every ROM of the matrix has another name, and its device lists a flash', async () => {
  expect(new Set(DFU_ROMS.map(({ name }) => name)).size).toBe(DFU_ROMS.length);
  for (const rom of DFU_ROMS.filter((r) => r.quirks.length > 0))
    await withClient(rom.chip, rom.quirks, async (dfu) => expect(names(dfu.device)[0]).toMatch(/^@Internal Flash {2,3}\/0x08000000\//));
});

it.each(['stm32f429zi', 'stm32f469ni'])('%s: the names of two banks of sectors come whole', async (chip) => {
  await withClient(chip, [], async (dfu) => {
    const wanted = romProfileOf(findChip(chip)!)!.dfu!.alts.value;
    expect(wanted[0]!.length).toBeGreaterThan(80);
    expect(names(dfu.device)).toEqual(wanted);
  });
});
