/** DFU is there, but the request for it could not be cleared: DBP is 0 behind the reset, and the backup register keeps what it holds. */
import { describe, expect, it } from 'vitest';
import { bench } from '../../src/index.ts';
import { Thumb } from '../emu/thumb.ts';

const FLASH = 0x0800_0000;
const [RCC_APB1ENR, RCC_APB2ENR, PWR_CR, BKP4R, MEMRMP] = [0x4002_3840, 0x4002_3844, 0x4000_7000, 0x4000_2860, 0x4001_3800] as const;
const [PWREN, SYSCFGEN, DBP] = [1 << 28, 1 << 14, 1 << 8] as const;
const [AIRCR, SYSRESETREQ] = [0xe000_ed0c, 0x05fa_0004] as const;
const MAGIC = 0xdead_beef;

const set = (t: Thumb, address: number, value: number): Thumb => t.constant(3, address).constant(0, value).str(0, 3);
const unlock = (t: Thumb): Thumb => set(set(t, RCC_APB1ENR, PWREN), PWR_CR, DBP);
/** Finds its request and jumps, or writes it and resets. */
function program(clear: (t: Thumb) => Thumb): Uint8Array {
  const t = new Thumb(FLASH + 8).constant(1, BKP4R).constant(2, MAGIC).ldr(0, 1).cmpRegister(0, 2).bne('ask');
  set(set(clear(t), RCC_APB2ENR, SYSCFGEN), MEMRMP, 1);
  t.constant(3, 0x1fff_0000).ldr(0, 3).put(0xf380, 0x8808).ldr(0, 3, 4).bx(0);
  unlock(t.label('ask')).str(2, 1);
  set(t, AIRCR, SYSRESETREQ).label('stay').b('stay');
  return imageOf(t);
}
function imageOf(t: Thumb): Uint8Array {
  const code = t.bytes();
  const bytes = new Uint8Array(8 + code.length);
  new DataView(bytes.buffer).setUint32(0, 0x2000_4000, true);
  new DataView(bytes.buffer).setUint32(4, FLASH + 9, true);
  bytes.set(code, 8);
  return bytes;
}
async function kept(clear: (t: Thumb) => Thumb): Promise<readonly string[]> {
  const { outcome, notes } = await bench({ chip: 'stm32f405rg', images: [{ path: 'x.bin@0x08000000', bytes: program(clear) }] });
  expect(outcome).toBe('dfu');
  return notes.filter(({ kind }) => kind === 'kept').map(({ text }) => text);
}
const cleared = (t: Thumb): Thumb => t.movs(0, 0).str(0, 1);

it('a request that could not be cleared is told, with its register and why', async () => {
  expect(await kept(cleared)).toEqual([
    'RTC.BKP4R still holds 0xdeadbeef: a write while PWR DBP was 0 was ignored. If this is the request for the ROM, ' +
      'the next start finds it again: set DBP before you clear it',
  ]);
});
it('one that was cleared is not, also where the first try was in vain', async () => {
  expect(await kept((t) => cleared(unlock(t)))).toEqual([]);
  expect(await kept((t) => cleared(unlock(cleared(t))))).toEqual([]);
});
it('one that nobody tried to clear is not: firmware may do that when it comes back', async () => {
  expect(await kept((t) => t)).toEqual([]);
});

it('of a request that has led into the ROM, the check does not say that there was none', async () => {
  const { checks } = await bench({ chip: 'stm32f405rg', images: [{ path: 'x.bin@0x08000000', bytes: program(cleared) }] });
  expect(checks.find(({ id }) => id === 'magic-survives')).toMatchObject({
    verdict: 'n/a',
    because: 'the ROM was entered, so no word was looked for that a reset has lost',
  });
});

describe('a register that two parts of a program use', () => {
  /** The clock keeps its mark in a register, and writes it where it does not find it, before anybody asks for the request. */
  function marked(request: number) {
    const t = new Thumb(FLASH + 8);
    unlock(t).constant(1, BKP4R).constant(2, 0x32f2).ldr(0, 1).cmpRegister(0, 2).beq('marked').str(2, 1).label('marked');
    t.constant(1, request).constant(2, MAGIC).ldr(0, 1).cmpRegister(0, 2).bne('ask');
    set(set(cleared(t), RCC_APB2ENR, SYSCFGEN), MEMRMP, 1);
    t.constant(3, 0x1fff_0000).ldr(0, 3).put(0xf380, 0x8808).ldr(0, 3, 4).bx(0);
    // asks only once: RAM tells that it has
    t.label('ask').constant(1, 0x2000_3000).ldr(0, 1).cmpRegister(0, 2).beq('stay').str(2, 1).constant(1, request).str(2, 1);
    set(t, AIRCR, SYSRESETREQ).label('stay').b('stay');
    return bench({ chip: 'stm32f405rg', images: [{ path: 'x.bin@0x08000000', bytes: imageOf(t) }] });
  }
  it('of its own, the request lives', async () => {
    expect((await marked(BKP4R + 4)).outcome).toBe('dfu');
  });
  it('in common, the mark over it is the cause', async () => {
    const { outcome, diagnosis } = await marked(BKP4R);
    const [cause, ...others] = diagnosis.causes.filter(({ proved }) => proved);
    expect([outcome, cause?.id, cause?.outcomeAfterRepair, others]).toEqual(['stuck', 'magic-survives', 'dfu', []]);
    expect(cause!.explanation).toContain('before the firmware asked for it: other code uses the same word');
    expect(cause!.fix).toContain('give the request a backup register of its own');
  });
});

describe('a request of RAM', () => {
  const [WRITTEN, ASKED] = [0x2000_3000, 0x2000_3100];
  /** Finds MAGIC in one word and jumps, or writes a value to a word and resets, once: a third word tells that it has. */
  function astray(written: number, value: number, setAtStart = false) {
    const t = new Thumb(FLASH + 8).constant(2, MAGIC);
    if (setAtStart) t.constant(1, written).str(2, 1);
    t.constant(1, ASKED).ldr(0, 1).cmpRegister(0, 2).bne('ask');
    t.constant(3, 0x1fff_0000).ldr(0, 3).put(0xf380, 0x8808).ldr(0, 3, 4).bx(0);
    t.label('ask').constant(1, 0x2000_3200).constant(3, 0x5a5a_0001).ldr(0, 1).cmpRegister(0, 3).beq('stay').str(3, 1);
    if (!setAtStart) set(t, written, value);
    set(t, AIRCR, SYSRESETREQ).label('stay').b('stay');
    return bench({ chip: 'stm32f405rg', images: [{ path: 'x.bin@0x08000000', bytes: imageOf(t) }] });
  }
  it('that is read from another word than it was written to is proved by that', async () => {
    const { causes } = (await astray(WRITTEN, MAGIC)).diagnosis;
    expect(causes.filter(({ proved }) => proved).map(({ id, explanation }) => [id, explanation])).toEqual([
      ['magic-survives', expect.stringContaining('the firmware writes the request to 0x20003000 and reads it from 0x20003100')],
    ]);
  });
  it('is not meant by a word that every start sets', async () => {
    const { causes } = (await astray(WRITTEN, MAGIC, true)).diagnosis;
    expect(causes.filter(({ explanation }) => explanation.includes('reads it from'))).toEqual([]);
  });
});
