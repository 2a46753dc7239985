/** What has to hold before anything is proved of a loop: each condition by itself, on a chip with two cores. */
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { durationPs } from '../../src/bench/documents/duration.ts';
import { isAlone, proveFixedLoop } from '../../src/bench/session/fixed-loop.ts';
import { jobInput } from '../../src/bench/input/job.ts';
import { Session } from '../../src/bench/session/session.ts';
import { setRegister } from '../../src/emu/core/arm/register-file.ts';
import { S } from '../../src/emu/core/state.ts';
import { MS } from '../../src/emu/time.ts';
import { Thumb } from '../emu/thumb.ts';
import { plainJob } from './plain-job.ts';

const FLASH = 0x08000000;
/** Values of `HALTED`. */
const [WFI, WFE] = [2, 3];
const [SYST_CSR, SYST_RVR, NVIC_ISER0, NVIC_ISPR0, SHPR3] = [0xe000e010, 0xe000e014, 0xe000e100, 0xe000e200, 0xe000ed20];

/** Both cores of an H745 in `b .`. */
const image = new Uint8Array(0x400);
const view = new DataView(image.buffer);
view.setUint32(0, 0x20001000, true);
for (let e = 1; e < 16; e++) view.setUint32(4 * e, FLASH + 0x201, true);
image.set(new Thumb(FLASH + 0x200).label('wait').b('wait').bytes(), 0x200);
/** A loop that stores the same again and again, at r1, with so many instructions beside it. */
const STORES = FLASH + 0x300;
const [RAM, IWDG] = [0x20000000, 0x40003000];
const storesAgain = (nops: number): Uint8Array =>
  new Thumb(STORES)
    .constant(0, 0xaaaa)
    .label('busy')
    .str(0, 1)
    .put(...Array<number>(nops).fill(0xbf00))
    .b('busy')
    .bytes();
const session = new Session(jobInput(plainJob('stm32h745xi', [{ path: `app.bin@0x${FLASH.toString(16)}`, bytes: image }])));
const { machine } = session;
session.keepCheckpoints = false;
machine.run(MS);
const start = session.save();
const other = machine.cores.find((c) => c !== machine.bootCore)!;
/** The other core, asleep in WFI with nothing that could wake it. */
function sleeps(): void {
  machine.state.booted[other.index] = true;
  machine.state.lockups[other.index] = null;
  other.set(S.HALTED, WFI);
}
beforeEach(() => {
  session.restore(start);
  sleeps();
});
afterAll(() => session.release());

describe('A core is alone', () => {
  it('beside one that sleeps in WFI, with nothing to wake it', () => expect(isAlone(machine)).toBe(true));
  it('not beside one that runs', () => {
    other.set(S.HALTED, 0);
    expect(isAlone(machine)).toBe(false);
  });
  it('not beside one that waits for an event', () => {
    other.set(S.HALTED, WFE);
    expect(isAlone(machine)).toBe(false);
  });
  it('not beside one that SysTick wakes', () => {
    other.write(SYST_CSR, 4, 3, true);
    expect(isAlone(machine)).toBe(false);
    other.write(SYST_CSR, 4, 1, true);
    expect(isAlone(machine)).toBe(true);
  });
  it('not beside one that a line may wake', () => {
    other.write(NVIC_ISER0, 4, 1, true);
    expect(isAlone(machine)).toBe(false);
  });
  it('beside one that runs and is not booted, or has locked up', () => {
    other.set(S.HALTED, 0);
    machine.state.booted[other.index] = false;
    expect(isAlone(machine)).toBe(true);
    machine.state.booted[other.index] = true;
    expect(isAlone(machine)).toBe(false);
  });
});

describe('A loop is proved', () => {
  const single = new Session(jobInput(plainJob('stm32f405rg', [{ path: `app.bin@0x${FLASH.toString(16)}`, bytes: image }])));
  const { bootCore: core } = single.machine;
  single.keepCheckpoints = false;
  const powerOn = single.save();
  beforeEach(() => {
    single.restore(powerOn);
    single.machine.run(MS);
  });
  afterAll(() => single.release());

  it('where it is steady', () => expect(proveFixedLoop(single)?.pc).toBe(FLASH + 0x200));
  it('not while steps of the scenario are left', () => {
    expect(proveFixedLoop(Object.create(single, { steps: { value: { remaining: true } } }) as Session)).toBeNull();
  });
  it.each([0, 1, 2])('that stores the same to memory, not one that refreshes a watchdog (%i NOPs)', (nops) => {
    const proved = [RAM, IWDG].map((address) => {
      single.restore(powerOn);
      single.machine.run(MS);
      single.machine.load(STORES, storesAgain(nops));
      core.branchTo(STORES);
      core.set(S.R + 4, address);
      single.machine.run(single.machine.now + MS);
      return proveFixedLoop(single) !== null;
    });
    expect(proved).toEqual([true, false]);
  });
  it('as sleep that nothing ends', () => {
    core.set(S.HALTED, WFI);
    expect(proveFixedLoop(single)?.sleeping).toBe(true);
  });
  /** DDI 0403 B1.5.19: WFI ends with what would be taken if PRIMASK were 0; BASEPRI and FAULTMASK count. */
  it.each([
    ['no tick', 0, 0, 0, true],
    ['a tick', 7, 0, 0, false],
    ['a tick behind PRIMASK', 7, 1, 0, false],
    ['a tick without its interrupt, behind PRIMASK', 5, 1, 0, true],
    ['a tick behind BASEPRI', 7, 0, 0x10, true],
  ] as const)('as sleep beside %s: only what cannot end it is left', (_name, csr, primask, basepri, isProved) => {
    core.write(SYST_RVR, 4, 0xffff, true);
    core.write(SYST_CSR, 4, csr, true);
    // below BASEPRI's 0x10
    core.write(SHPR3, 4, 0xf0000000, true);
    setRegister(core, 'primask', primask);
    setRegister(core, 'basepri', basepri);
    // it has looked for what is pending
    single.machine.run(single.machine.now + MS / 100);
    core.set(S.HALTED, WFI);
    expect(proveFixedLoop(single)?.sleeping ?? false).toBe(isProved);
  });
  it('not of a core that may wake', () => {
    core.write(NVIC_ISER0, 4, 1, true);
    core.write(NVIC_ISPR0, 4, 1, true);
    core.set(S.HALTED, WFI);
    expect(proveFixedLoop(single)).toBeNull();
  });
});

it('what is no text is no time', () => {
  for (const value of [5, null, undefined, {}]) expect(durationPs(value as never)).toBeNull();
});
