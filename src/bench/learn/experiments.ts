/**
 * What decides each option of a ROM: put one thing into the state at the entry, read it back, run, read again. An experiment says a value only if what it put was
 * there; else it says why not. Values are those of rom/options.ts, or a third answer in words.
 */
import { modelOf } from '../../emu/core/models/index.ts';
import { WRITTEN_ONCE, type RomOptionId } from '../../rom/options.ts';
import { parseDfuseLayout } from '../../usb-sim/descriptors.ts';
import type { Lab, Ran } from './lab.ts';

/** `value` null: undecided, `says` is the reason. A value that is none of the option's is a third answer. */
export interface Reading {
  readonly value: string | null;
  readonly says: string;
  /** The instruction of the ROM that decides; null where it is what the ROM does not do. */
  readonly pc: number | null;
  /** Whether the ROM answered in this state; null where nobody asked. */
  readonly served: boolean | null;
}
/** What is known already: options that hide others. */
export type Known = ReadonlyMap<RomOptionId, Reading>;
export interface Experiment {
  readonly option: RomOptionId;
  run(lab: Lab, known: Known): Reading;
}

export const undecided = (why: string, served: boolean | null = null): Reading => ({ value: null, says: why, pc: null, served });
const NOT_PUT = 'the state to be tried could not be made on this chip';
const hex = (n: number): string => `0x${(n >>> 0).toString(16)}`;

/** Of a run whose end is to be read: why not, else null. */
const spoilt = (ran: Ran): string | null =>
  ran.resets.length > 0
    ? `the chip was reset (${ran.resets[0]}) in that state`
    : ran.left
      ? 'the ROM went back to the flash in that state'
      : null;
const decided = (ran: Ran, value: string, says: string, pc: number | null = null): Reading => {
  const why = spoilt(ran);
  return why === null ? { value, says, pc, served: ran.served } : undecided(why, ran.served);
};

const PPB = {
  CSR: 0xe000e010,
  RVR: 0xe000e014,
  CVR: 0xe000e018,
  ISER: 0xe000e100,
  ISPR: 0xe000e200,
  VTOR: 0xe000ed08,
  CCR: 0xe000ed14,
  MPU_CTRL: 0xe000ed94,
} as const;

/** A special register of the core that the caller leaves set. */
const mask = (option: RomOptionId, register: string, put: number): Experiment => ({
  option,
  run(lab) {
    if (lab.registers[register] === undefined) return undecided(`the core has no ${register.toUpperCase()}`);
    lab.enter({ cable: false });
    const own = lab.idle(300);
    const before = lab.registers[register]!;
    if (spoilt(own) === null && before !== 0)
      return decided(
        own,
        'sets it itself',
        `${register.toUpperCase()} = ${before} though the caller left 0`,
        lab.writer(`CPU.${register.toUpperCase()}`),
      );
    let took = false;
    lab.enter({ put: () => (lab.special(register, put), (took = lab.registers[register] === put)) });
    if (!took) return undecided(NOT_PUT);
    const ran = lab.serve();
    const after = lab.registers[register]!;
    const says = `${register.toUpperCase()} = ${put} at the entry, ${after} in the idle ROM`;
    return decided(
      ran,
      after === put ? 'keeps' : after === 0 ? 'clears' : `another value: ${hex(after)}`,
      says,
      after === put ? null : lab.writer(`CPU.${register.toUpperCase()}`),
    );
  },
});

/** A word of the private bus with a bit that the caller leaves set. */
const bit = (
  option: RomOptionId,
  name: string,
  address: number,
  put: number,
  applies: (lab: Lab) => string | null = () => null,
): Experiment => ({
  option,
  run(lab) {
    const why = applies(lab);
    if (why !== null) return undecided(why);
    let took = false;
    lab.enter({ put: () => (lab.ppb(address, put), (took = (lab.peek(address) & put) >>> 0 === put >>> 0)) });
    if (!took) return undecided(NOT_PUT);
    const ran = lab.serve();
    const kept = (lab.peek(address) & put) !== 0;
    return decided(
      ran,
      kept ? 'keeps' : 'clears',
      `${name}: ${hex(put)} at the entry, ${kept ? 'still there' : 'gone'} in the idle ROM`,
      kept ? null : lab.writer(`CPU.${name}`, put),
    );
  },
});

/** Fields of a block that the ROM sets to its own value or leaves: two values at the entry, and what is there in the idle ROM. */
function twoValues(option: RomOptionId, path: string | undefined, values: readonly [number, number], early = true): Experiment {
  return {
    option,
    run(lab) {
      if (path === undefined || !lab.has(path)) return undecided('the field is not known on this chip');
      const seen: number[] = [];
      let last: Ran | null = null;
      for (const value of values) {
        let took = false;
        const put = (): void => {
          lab.field(path, value);
          took = lab.read(path) === value;
        };
        lab.enter({ cable: false, ...(early ? { early: put, put: () => (took = lab.read(path) === value) } : { put }) });
        if (!took) return undecided(NOT_PUT);
        last = lab.idle(300);
        const why = spoilt(last);
        if (why !== null) return undecided(why);
        seen.push(lab.read(path));
      }
      const says = `${path} = ${values.join(', ')} at the entry, ${seen.join(', ')} in the idle ROM`;
      const register = path.split('.').slice(0, 2).join('.');
      if (seen[0] === values[0] && seen[1] === values[1]) return decided(last!, 'keeps', says);
      if (seen[0] === seen[1]) return decided(last!, 'sets', says, lab.writer(register));
      return undecided(says);
    },
  };
}

/** An enable bit that the caller leaves off and that USB needs. */
const enable = (option: RomOptionId, path: string | undefined): Experiment => ({
  option,
  run(lab) {
    if (path === undefined || !lab.has(path)) return undecided('the field is not known on this chip');
    let took = false;
    lab.enter({
      put: () => {
        lab.field(path, 0);
        // some registers take one write
        if (lab.read(path) !== 0) lab.raw(path, 0);
        took = lab.read(path) === 0;
      },
    });
    if (!took) return undecided(NOT_PUT);
    const ran = lab.serve();
    const on = lab.read(path) === 1;
    const register = path.split('.').slice(0, 2).join('.');
    const pc = lab.writer(register, fieldMask(lab, path));
    // on F0 the hardware switches HSI48 on in the moment in which USB's clock is enabled
    const usb = lab.family?.usb?.enable;
    const own =
      on &&
      pc !== null &&
      !(
        usb !== undefined && lab.wroteAtOnce([register, fieldMask(lab, path)], [usb.split('.').slice(0, 2).join('.'), fieldMask(lab, usb)])
      );
    return decided(
      ran,
      own ? 'sets' : 'keeps',
      `${path} = 0 at the entry, ${on ? (own ? '1' : '1 by the hardware') : '0'} in the idle ROM`,
      own ? pc : null,
    );
  },
});
function fieldMask(lab: Lab, path: string): number {
  const [block, register, field] = path.split('.') as [string, string, string];
  return lab.machine.system.block(block).layout.field(`${register}.${field}`).mask;
}

const vtor: Experiment = {
  option: 'vtor',
  run(lab) {
    if (lab.registers['vtor'] === undefined) return undecided('the core has no VTOR');
    const put = lab.flash;
    lab.enter({ cable: false, put: () => lab.setVtor(put) });
    if (lab.peek(PPB.VTOR) !== put) return undecided(NOT_PUT);
    const ran = lab.idle(300);
    const after = lab.peek(PPB.VTOR);
    const value = after === put ? 'keeps' : after === lab.profile.base ? 'sets' : `another value: ${hex(after)}`;
    return decided(
      ran,
      value,
      `VTOR = ${hex(put)} at the entry, ${hex(after)} in the idle ROM`,
      after === put ? null : lab.writer('CPU.VTOR'),
    );
  },
};

const remap: Experiment = {
  option: 'remap',
  run(lab, known) {
    const map = lab.family?.remap;
    if (!map || !lab.has(map.field)) return undecided('nothing can be mapped to 0');
    lab.enter({
      cable: false,
      put: () => {
        lab.field(map.field, 0);
        if (lab.registers['vtor'] !== undefined) lab.setVtor(0);
      },
    });
    if (lab.read(map.field) !== 0) return undecided(NOT_PUT);
    const ran = lab.idle(300);
    const after = lab.read(map.field);
    if (after === map.systemMemory)
      return decided(
        ran,
        'sets',
        `${map.field} = 0 at the entry, ${after} in the idle ROM`,
        lab.writer(map.field.split('.').slice(0, 2).join('.')),
      );
    if (lab.registers['vtor'] !== undefined && known.get('vtor')?.value !== 'keeps')
      return undecided('the ROM sets VTOR, so that nobody can see it', ran.served);
    return decided(ran, 'keeps', `${map.field} stays ${after}`);
  },
};

export const sysclk: Experiment = {
  option: 'sysclk',
  run(lab) {
    const clock = lab.family?.sysclk;
    if (!clock || !lab.has(clock.status)) return undecided('the clock of the system is not known on this chip');
    lab.enter({ cable: false });
    const before = lab.read(clock.status);
    const ran = lab.idle(150);
    const after = lab.read(clock.status);
    const register = clock.select.split('.').slice(0, 2).join('.');
    const pc = lab.writer(register, fieldMask(lab, clock.select));
    const name = (n: number): string => clock.sources[n] ?? String(n);
    const says = (from: number, to: number): string => `SYSCLK from ${name(from)} at the entry, from ${name(to)} in the idle ROM`;
    if (after !== before) return decided(ran, 'sets', says(before, after), pc);
    // it may choose what the caller ran on
    const hse = clock.sources.indexOf('HSE');
    if (hse < 0 || hse === before || !lab.has('RCC.CR.HSEON')) return undecided(`the caller ran on ${name(before)} too`);
    let took = false;
    lab.enter({ cable: false, early: () => lab.field('RCC.CR.HSEON', 1), put: () => ((took = onHse(lab)), undefined) });
    if (!took) return undecided(`the caller ran on ${name(before)} too, and on HSE it cannot run`);
    const again = lab.idle(150);
    const then = lab.read(clock.status);
    return decided(
      again,
      then === hse ? 'keeps' : 'sets',
      says(hse, then),
      then === hse ? null : lab.writer(register, fieldMask(lab, clock.select)),
    );
  },
};
/** The caller runs on HSE, which is on. */
function onHse(lab: Lab): boolean {
  const clock = lab.family!.sysclk;
  lab.field(clock.select, clock.sources.indexOf('HSE'));
  lab.more(1);
  return lab.read(clock.status) === clock.sources.indexOf('HSE');
}

const systick: Experiment = {
  option: 'systick',
  run(lab) {
    const reload = 0x12345;
    let took = false;
    const put = (): void => {
      lab.ppb(PPB.RVR, reload);
      lab.ppb(PPB.CVR, 0);
      lab.ppb(PPB.CSR, 5);
      took = (lab.peek(PPB.CSR) & 1) === 1 && lab.peek(PPB.RVR) === reload;
    };
    // whoever is asked on a USART may measure with it
    lab.enter({ cable: false, put });
    if (!took) return undecided(NOT_PUT);
    const ran = lab.idle(300);
    const [on, after] = [(lab.peek(PPB.CSR) & 1) === 1, lab.peek(PPB.RVR)];
    const value = !on ? 'off' : after === reload ? 'keeps' : 'uses';
    const says = `SysTick running with RVR ${hex(reload)} at the entry; ${on ? `running with RVR ${hex(after)}` : 'off'} in the idle ROM`;
    const reading = decided(ran, value, says, value === 'keeps' ? null : (lab.writer('CPU.SYST_CSR') ?? lab.writer('CPU.SYST_RVR')));
    if (reading.value === null) return reading;
    lab.enter({ put });
    return { ...reading, served: lab.serve().served };
  },
};

const exception: Experiment = {
  option: 'unexpected-exception',
  run(lab, known) {
    lab.enter({ cable: false });
    const before = lab.idle(300);
    const why = spoilt(before);
    if (why !== null) return undecided(why);
    if ((lab.registers['xpsr']! & 0x1ff) !== 0) return undecided('the idle ROM is in an exception already');
    if (known.get('vtor')?.value !== 'sets') lab.setVtor(lab.profile.base);
    const resets = lab.machine.history.resets.length;
    const pc = lab.registers['pc']!;
    const faults = lab.faults;
    lab.core.branchTo(0xf0000000);
    lab.more(30);
    const by = lab.machine.history.resets.at(resets)?.by;
    const ipsr = lab.registers['xpsr']! & 0x1ff;
    const says = `a HardFault at ${hex(pc)} in the idle ROM`;
    if (by !== undefined) return { value: 'resets', says: `${says} ends in a reset (${by})`, pc: null, served: null };
    if (lab.machine.state.lockup !== null) return undecided(`${says} ends in a lockup`);
    // it returns to where the fault is, which is taken again
    if (lab.faults > faults + 1 || ipsr === 0) return { value: 'returns', says: `${says}: its handler returns`, pc: null, served: null };
    return {
      value: 'loops',
      says: `${says}: its handler goes round at ${hex(lab.registers['pc']!)}`,
      pc: lab.registers['pc']!,
      served: null,
    };
  },
};

/** `b .` behind a vector table that a ROM takes for an application's. */
const application = (lab: Lab, at: number): readonly number[] => [(lab.ram + 0x1000) >>> 0, (at + 8) | 1, 0xe7fee7fe, 0xe7fee7fe];

const bankCheck: Experiment = {
  option: 'bank-check',
  run(lab) {
    const check = lab.family?.bankCheck;
    if (!check || !lab.has(check.field)) return undecided('this chip has no option bit for the bank to boot from');
    const flash = lab.chip.memories.find((m) => m.kind === 'flash' && m.base === lab.flash)!;
    const went = [1 - check.asks, check.asks].map((level) => {
      lab.enter({
        put: () => {
          lab.program(lab.flash, application(lab, lab.flash));
          lab.program(lab.flash + flash.size / 2, application(lab, lab.flash));
          lab.raw(check.field, level);
        },
      });
      return lab.serve();
    });
    const [without, asked] = went as [Ran, Ran];
    if (without.resets.length > 0 || asked.resets.length > 0) return undecided('the chip was reset in that state');
    if (without.left) return { value: 'always', says: 'an application in the flash is started', pc: null, served: false };
    if (without.served !== true && !asked.left) return undecided('the ROM neither served nor started the application');
    const says = `with an application in both banks the ROM ${asked.left ? 'starts it' : 'stays'} if ${check.field} = ${check.asks}, and stays else`;
    return { value: asked.left ? 'bfb2' : 'never', says, pc: null, served: without.served };
  },
};

/** After a software reset with BOOT0 high and an application in the flash. `lab` is a board with BOOT0 high. */
export function resetFlags(lab: Lab): Reading {
  const put = (): void => lab.program(lab.flash, application(lab, lab.flash));
  lab.boot(put, false);
  const without = lab.serve();
  if (!without.served || without.resets.length > 0) return undecided('the ROM does not serve when BOOT0 is high');
  lab.boot(put, true);
  const after = lab.serve();
  if (after.resets.length > 0) return undecided(`the chip was reset (${after.resets[0]}) in that state`);
  if (!after.left && after.served !== true) return undecided('the ROM neither served nor started the application');
  const says = `a software reset with BOOT0 high and an application in the flash: the ROM ${after.left ? 'starts it' : 'stays'}`;
  return { value: after.left ? 'software-returns' : 'ignores', says, pc: null, served: after.served };
}

const emptyCheck: Experiment = {
  option: 'jump-empty-check',
  run(lab) {
    const went = [0, 1].map((level) => {
      lab.enter({
        put: () => {
          for (const name of ['PB8', 'PF11']) lab.pin(name, level as 0 | 1);
          lab.program(lab.flash, application(lab, lab.flash));
        },
      });
      return lab.serve();
    });
    const [low, high] = went as [Ran, Ran];
    if (low.resets.length > 0 || high.resets.length > 0) return undecided('the chip was reset in that state');
    if (!low.left && !low.served) return undecided('the ROM neither served nor started the application');
    const says = `an application in the flash: with BOOT0 low the ROM ${low.left ? 'starts it' : 'stays'}, with BOOT0 high it ${high.left ? 'starts it' : 'stays'}`;
    return { value: !low.left ? 'none' : high.left ? 'flash-erased' : 'or-boot0', says, pc: null, served: low.served };
  },
};

const iwdg: Experiment = {
  option: 'iwdg',
  run(lab) {
    const block = ['IWDG', 'IWDG1'].find((name) => lab.chip.blocks.some((b) => b.name === name));
    if (block === undefined) return undecided('this chip has no IWDG');
    lab.enter({
      cable: false,
      // RVU has to end before the ROM writes: else it reloads 4095
      early: () => {
        lab.field(`${block}.KR`, 0xcccc);
        lab.field(`${block}.KR`, 0x5555);
        lab.field(`${block}.RLR`, 200);
      },
    });
    if (lab.read(`${block}.RLR`) !== 200) return undecided(NOT_PUT);
    // before it can bite
    lab.idle(10);
    const written = lab.read(`${block}.PR`) !== 0;
    const pc = lab.writer(`${block}.PR`) ?? lab.writer(`${block}.KR`);
    const ran = lab.idle(3000);
    const bites = ran.resets.filter((by) => by.startsWith('iwdg')).length;
    if (bites === 0 && ran.resets.length > 0) return undecided(`the chip was reset (${ran.resets[0]}) in that state`);
    const value = bites === 0 ? 'refreshes' : written ? WRITTEN_ONCE : 'ignores';
    const says = `IWDG running at 25 ms, no host for 3 s: ${bites} reset${bites === 1 ? '' : 's'}`;
    return { value, says, pc: value === 'ignores' ? null : pc, served: null };
  },
};

const control: Experiment = {
  option: 'control',
  run(lab) {
    const psp = (lab.ramEnd - 0x40) >>> 0;
    const msp = lab.peek(lab.profile.base);
    const put = Math.abs(psp - msp) > 0x800 ? psp : (msp - 0x1000) >>> 0;
    let took = false;
    lab.enter({
      cable: false,
      put: () => {
        lab.special('psp', put);
        lab.special('control', 2);
        took = (lab.registers['control']! & 2) !== 0;
      },
    });
    if (!took) return undecided(NOT_PUT);
    const ran = lab.idle(300);
    if ((lab.registers['xpsr']! & 0x1ff) !== 0) return undecided('the idle ROM is in an exception, which hides SPSEL');
    const kept = (lab.registers['control']! & 2) !== 0;
    return decided(
      ran,
      kept ? 'keeps' : 'clears',
      `CONTROL.SPSEL = 1 at the entry, ${kept ? 1 : 0} in the idle ROM`,
      kept ? null : lab.writer('CPU.CONTROL'),
    );
  },
};

/** A cache that the ROM leaves on or off: at once, or where it is the flash controller's, after it has changed the flash. */
const cache = (option: 'icache' | 'dcache'): Experiment => ({
  option,
  run(lab) {
    const inFlash = `FLASH.ACR.${option === 'icache' ? 'ICEN' : 'DCEN'}`;
    const own = lab.family?.[option]?.enable ?? (lab.has(inFlash) ? inFlash : null);
    if (own?.startsWith('FLASH.')) return flashCache(lab, own);
    if (own !== null) return otherCache(lab, { isOn: () => lab.read(own) === 1, switchOn: () => lab.field(own, 1) });
    if (!modelOf(lab.chip.cores[0]!.type).l1) return undecided('this chip has no such cache');
    const bitOf = option === 'icache' ? 1 << 17 : 1 << 16;
    const ccr = (): number => lab.peek(PPB.CCR);
    return otherCache(lab, { isOn: () => (ccr() & bitOf) !== 0, switchOn: () => lab.ppb(PPB.CCR, ccr() | bitOf) });
  },
});
function flashCache(lab: Lab, own: string): Reading {
  const state = leave(lab, (l) => l.field(own, 1));
  if (typeof state === 'string') return undecided(state);
  const on = state.cacheOn(own);
  return { value: on ? 'keeps' : 'clears', says: `${own} = 1 at the entry, ${on ? 1 : 0} after an erase by DFU`, pc: null, served: true };
}
function otherCache(lab: Lab, { isOn, switchOn }: { readonly isOn: () => boolean; readonly switchOn: () => void }): Reading {
  let took = false;
  lab.enter({ put: () => (switchOn(), (took = isOn())) });
  if (!took) return undecided(NOT_PUT);
  const ran = lab.serve();
  const on = isOn();
  return decided(ran, on ? 'keeps' : 'clears', `on at the entry, ${on ? 'on' : 'off'} in the idle ROM`);
}

const hsi: Experiment = {
  option: 'hsi',
  run(lab, known) {
    const clock = lab.family?.sysclk;
    const hse = clock?.sources.indexOf('HSE') ?? -1;
    if (known.get('sysclk')?.value === 'keeps') return undecided('the ROM runs on the clocks of its caller');
    if (!clock || hse < 0 || !lab.has('RCC.CR.HSION') || !lab.has('RCC.CR.HSEON')) return undecided('this chip cannot run without HSI');
    let took = false;
    lab.enter({
      early: () => lab.field('RCC.CR.HSEON', 1),
      put: () => {
        took = onHse(lab);
        lab.field('RCC.CR.HSION', 0);
        took &&= lab.read('RCC.CR.HSION') === 0;
      },
    });
    if (!took) return undecided(NOT_PUT);
    const ran = lab.serve();
    const on = lab.read('RCC.CR.HSION') === 1;
    return decided(
      ran,
      on ? 'sets' : 'needs',
      `HSION = 0 and SYSCLK from HSE at the entry, HSION = ${on ? 1 : 0} later`,
      on ? lab.writer('RCC.CR', 1) : null,
    );
  },
};

const kernelClocks: Experiment = {
  option: 'kernel-clocks',
  run(lab) {
    const path = (lab.family?.kernelClocks ?? [])
      .flatMap((register) => {
        const [block, name] = register.split('.') as [string, string];
        return lab.machine.system
          .block(block)
          .layout.reg(name)
          .fields.filter((f) => /USART|I2C/.test(f.name))
          .map((f) => `${register}.${f.name}`);
      })
      .find((p) => lab.has(p));
    return path === undefined
      ? undecided('no kernel clock of a serial port is known')
      : twoValues('kernel-clocks', path, [0, 1], false).run(lab, new Map());
  },
};

const vectorTable: Experiment = {
  option: 'vector-table',
  run(lab) {
    lab.enter({});
    const sp = lab.peek(lab.profile.base);
    const alias = (sp & 0x10000000) !== 0 && sp >= 0x30000000;
    return { value: alias ? 'secure-alias' : 'plausible', says: `the first word is ${hex(sp)}`, pc: null, served: null };
  },
};

// ---- the way out: one run for all ------------------------------------------------------------------------------------------------------
interface LeftState {
  readonly answered: boolean;
  readonly ipsr: number;
  readonly vtor: number | undefined;
  readonly map: number | null;
  readonly locked: boolean | null;
  readonly flags: number;
  readonly muxes: boolean | null;
  readonly clocks: 'keeps' | 'restores' | null;
  cacheOn(path: string): boolean;
  readonly app: number;
}

const word = (value: number): number[] => [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24];
const DNLOAD = 1;
const GETSTATUS = 3;
const DN_BUSY = 4;

/** A DfuSe command, until it is carried out. False where the ROM refused it. */
function command(lab: Lab, bytes: readonly number[]): boolean {
  if (!lab.request(DNLOAD, 0, Uint8Array.from(bytes)).ok) return false;
  for (let n = 0; n < 40; n++) {
    const { ok, data } = lab.request(GETSTATUS, 0, 6);
    if (!ok || data[0] !== 0) return false;
    if (data[4] !== DN_BUSY) return true;
    lab.more(Math.max(1, (data[1] ?? 0) | ((data[2] ?? 0) << 8)));
  }
  return false;
}

/** Registers that show what a leave puts back, without what runs by itself. */
function clockState(lab: Lab): readonly string[] {
  const { family } = lab;
  const fields = [family?.sysclk.status, ...(family?.prescalers ?? []), 'RCC.CR.HSIDIV', ...(family?.plls ?? []).map((p) => p.on)];
  return [...new Set(fields)].flatMap((path) => (path !== undefined && lab.has(path) ? [`${path}=${lab.read(path)}`] : []));
}

/** Kernel clocks of serial ports. */
function serialMuxes(lab: Lab): readonly string[] {
  const register = ['RCC.CCIPR', 'RCC.DCKCFGR2'].find((r) => lab.hasRegister(r));
  if (register === undefined) return [];
  const [block, name] = register.split('.') as [string, string];
  const { fields } = lab.machine.system.block(block).layout.reg(name);
  return fields.filter((f) => /U?S?ART|I2C/.test(f.name)).map((f) => `${register}.${f.name}`);
}

/** A sector to erase and one for a program; the first one stays erased. */
function sectorsOf(lab: Lab): readonly [erased: number, app: number] | null {
  const sectors = parseDfuseLayout(lab.profile.dfu?.alts.value[0] ?? '').flatMap((s) => {
    const count = Math.min(64, Math.floor((s.end - s.start) / s.sectorSize));
    return Array.from({ length: count }, (_, i) => s.start + i * s.sectorSize);
  });
  const [, erased, app] = sectors.filter((at) => at >= lab.flash);
  return erased === undefined || app === undefined ? null : [erased, app];
}

/** Serve, erase a sector, set the pointer to a program, leave: what is found at its first instruction; a reason where that was not reached. */
function leave(lab: Lab, put: (lab: Lab) => void = () => undefined): LeftState | string {
  if (lab.profile.dfu === null) return 'the ROM has no USB DFU to leave';
  const sectors = sectorsOf(lab);
  if (sectors === null) return 'the memory that the ROM names has too few sectors';
  const [erased, app] = sectors;
  const reset = lab.fresh(clockState);
  lab.enter({ early: () => put(lab), put: () => lab.program(app, application(lab, app)) });
  const muxes = serialMuxes(lab);
  const muxesBefore = muxes.map((path) => lab.read(path));
  const ran = lab.serve();
  const why = spoilt(ran);
  if (why !== null || ran.served !== true) return why ?? 'the ROM did not serve';
  const before = clockState(lab);
  const mapped = mapOf(lab);
  if (!command(lab, [0x41, ...word(erased)])) return 'the ROM refused to erase a sector';
  const on = new Map(['FLASH.ACR.ICEN', 'FLASH.ACR.DCEN'].filter((path) => lab.has(path)).map((path) => [path, lab.read(path) === 1]));
  if (!command(lab, [0x21, ...word(app)])) return 'the ROM refused the address of the program';
  const answered = goOut(lab);
  if (answered === null) return 'the leave did not start the program';
  return {
    answered,
    ...coreAndFlash(lab),
    map: mapped === lab.family?.remap?.systemMemory ? mapOf(lab) : null,
    muxes: muxesBefore.length === 0 ? null : muxes.some((path, i) => lab.read(path) !== muxesBefore[i]),
    clocks: putBack(reset, before, clockState(lab)),
    cacheOn: (path) => on.get(path) === true,
    app,
  };
}
/** After a start with BOOT0 high, which goes through the secure first stage, and a DFU leave. `lab` is a board with BOOT0 high. */
export function pinBootSecurity(lab: Lab): Reading {
  const registers = lab.securityRegisters();
  if (registers.length === 0) return undecided('the chip has no registers that say which peripherals are secure');
  const app = sectorsOf(lab)?.[1];
  if (app === undefined) return undecided('the ROM has no USB DFU to leave');
  lab.boot(() => lab.program(app, application(lab, app)), false);
  const ran = lab.serve();
  if (spoilt(ran) !== null || ran.served !== true) return undecided(spoilt(ran) ?? 'the ROM does not serve when BOOT0 is high', ran.served);
  const values = (): string => registers.map((path) => hex(lab.read(path))).join(', ');
  const secured = values();
  const nothing = registers.map(() => hex(0)).join(', ');
  if (secured === nothing) return undecided('the first stage has left nothing secure in the idle ROM', true);
  if (!command(lab, [0x21, ...word(app)])) return undecided('the ROM refused the address of the program', true);
  if (goOut(lab) === null) return undecided('the leave did not start the program', true);
  const after = values();
  const says = `${registers.join(', ')} = ${secured} behind a start with BOOT0 high, ${after} at the first instruction of the program`;
  if (after === secured) return { value: 'leaves', says, pc: null, served: true };
  return { value: after === nothing ? 'clears' : `another value: ${after}`, says, pc: lab.writer(registers[0]!), served: true };
}

/** The request to leave: whether GETSTATUS behind it is answered; null where no program starts. */
function goOut(lab: Lab): boolean | null {
  const resets = lab.machine.history.resets.length;
  lab.request(DNLOAD, 2, new Uint8Array(0));
  const answered = !lab.hasLeft && lab.request(GETSTATUS, 0, 6).ok;
  lab.more(500);
  return lab.hasLeft && lab.machine.history.resets.length === resets ? answered : null;
}
function coreAndFlash(lab: Lab): Pick<LeftState, 'ipsr' | 'vtor' | 'locked' | 'flags'> {
  const lock = lab.flashLock();
  return {
    ipsr: lab.registers['xpsr']! & 0x1ff,
    vtor: lab.registers['vtor'],
    locked: lock === null ? null : lab.read(lock) === 1,
    flags: lab.flashErrors(),
  };
}
/** What address 0 shows. */
const mapOf = (lab: Lab): number | null => {
  const map = lab.family?.remap;
  return map && lab.has(map.field) ? lab.read(map.field) : null;
};
/** Null where the ROM had changed nothing: then both look alike. */
function putBack(reset: readonly string[], before: readonly string[], after: readonly string[]): LeftState['clocks'] {
  const differs = (state: readonly string[]): boolean => state.some((value, i) => value !== reset[i]);
  return !differs(before) ? null : differs(after) ? 'keeps' : 'restores';
}

const left = (option: RomOptionId, of: (state: LeftState, lab: Lab) => readonly [value: string | null, says: string]): Experiment => ({
  option,
  run(lab) {
    const state = lab.once('leave', () => leave(lab));
    if (typeof state === 'string') return undecided(state);
    const [value, says] = of(state, lab);
    return { value, says, pc: null, served: true };
  },
});

const LEAVES: readonly Experiment[] = [
  left('leave', ({ answered }) => [
    answered ? 'answers' : 'silent',
    `GETSTATUS behind the leave is ${answered ? 'answered' : 'not answered'}`,
  ]),
  left('leave-vtor', ({ vtor: found, app }, lab) =>
    found === undefined
      ? [null, 'the core has no VTOR']
      : [
          found === app ? 'sets' : found === lab.profile.base ? 'keeps' : `another value: ${hex(found)}`,
          `VTOR = ${hex(found)} at the first instruction of the program`,
        ],
  ),
  left('leave-remap', ({ map }, lab) => {
    const own = lab.family?.remap;
    if (map === null || !own) return [null, own ? 'system memory was not at 0 before the leave' : 'nothing can be mapped to 0'];
    return [map === own.systemMemory ? 'keeps' : 'restores', `${own.field} = ${map} at the first instruction of the program`];
  }),
  left('leave-clocks', ({ clocks }) => [
    clocks,
    clocks === null
      ? 'the ROM changed no clock that a reset leaves otherwise'
      : clocks === 'restores'
        ? 'the clocks are those of a reset'
        : 'clocks are not those of a reset',
  ]),
  left('leave-flash', ({ locked, flags }) => [
    locked === null ? null : flags !== 0 ? 'errors' : locked ? 'locked' : 'unlocked',
    locked === null ? 'no lock of the flash is known' : `LOCK = ${locked ? 1 : 0}, error flags ${hex(flags)}`,
  ]),
  left('leave-muxes', ({ muxes }) => [
    muxes === null ? null : muxes ? 'keeps' : 'restores',
    muxes === null ? 'no register of kernel clocks is known' : `kernel clocks ${muxes ? 'changed' : 'as after a reset'}`,
  ]),
  left('leave-context', ({ ipsr }) => [ipsr === 0 ? 'thread' : 'isr', `IPSR = ${ipsr} at the first instruction of the program`]),
];

/** Another value of the voltage field that is a range. */
function otherRange(lab: Lab, highest: number): number {
  const path = lab.family?.voltageControl?.field;
  const wide = path !== undefined && lab.has(path) && fieldMask(lab, path) >>> 0 > (fieldMask(lab, path) & -fieldMask(lab, path)) >>> 0;
  return highest === 1 && wide ? 2 : highest - 1;
}

/** In the order of options.ts. */
export function experimentsFor(lab: Lab): readonly Experiment[] {
  const f = lab.family;
  const latency = f?.flashLatency;
  const highest = f?.voltageControl?.highest ?? 1;
  const irq = lab.profile.usbIrq === 0 ? 1 : 0;
  const noMpu = (l: Lab): string | null => ((l.chip.cores[0]?.mpuRegions ?? 0) === 0 ? 'the core has no MPU' : null);
  const all: readonly Experiment[] = [
    mask('primask', 'primask', 1),
    mask('faultmask', 'faultmask', 1),
    mask('basepri', 'basepri', 0xf0),
    bit('nvic-enabled', 'NVIC_ISER0', PPB.ISER, 1 << irq),
    bit('nvic-pending', 'NVIC_ISPR0', PPB.ISPR, 1 << irq),
    bit('mpu', 'MPU_CTRL', PPB.MPU_CTRL, 5, noMpu),
    control,
    mask('msplim', 'msplim', (lab.ram + 8) >>> 0),
    cache('icache'),
    cache('dcache'),
    vtor,
    remap,
    enable('usb-supply', f?.usbSupply?.bit),
    enable('hsi48', f?.hsi48?.on),
    sysclk,
    twoValues('prescalers', f?.prescalers[0], [0, 8], false),
    twoValues('flash-latency', latency, [0, 1], false),
    twoValues('vos', f?.voltageControl?.field, [highest, otherRange(lab, highest)]),
    systick,
    exception,
    bankCheck,
    iwdg,
    ...LEAVES,
    kernelClocks,
    hsi,
    emptyCheck,
    vectorTable,
  ];
  return all.filter((e) => lab.profile.options[e.option] !== undefined);
}
