/** Subjects of checks at random: everything that a check may be told, much of it near the ROM, its stack and what else decides. */
import { PPB } from '../../src/checks/core-registers.ts';
import type { Check, MagicWord, RepairTarget, Subject, TargetHistory, TargetState, Writer } from '../../src/checks/check.ts';
import { familyOf } from '../../src/checks/families.ts';
import { CHIPS } from '../../src/chips/index.ts';
import { Random } from '../emu/core/random-cases.ts';
import { FakeTarget, INITIAL_SP, RESET_VECTOR, TABLE, USB_IRQ } from './fake-target.ts';

const chips = [
  ...new Map(CHIPS.toReversed().map((c) => [c.family, c])).values(),
  ...CHIPS.filter((c) => /F042|F070|L496|G474|H745/.test(c.name)),
].filter((c) => familyOf(c) !== null);
const BRANCH = 0x08000400;

const hashOf = (text: string): number => [...text].reduce((hash, c) => (Math.imul(hash, 31) + c.charCodeAt(0)) | 0, 7);

class Subjects {
  private readonly r: Random;
  constructor(r: Random) {
    this.r = r;
  }
  private one<T>(...values: readonly T[]): T {
    return this.r.pick(values);
  }
  private maybe(oneIn: number): boolean {
    return this.r.below(oneIn) === 0;
  }
  private writer(): Writer {
    const pc = BRANCH - this.one(0, 2, 4, 6, 8, 12, 64, 0x100) + this.one(0, 0, 2);
    return {
      pc,
      at: this.one(1_000_000, 4_900_000, 6_000_000),
      kind: this.one('cpu', 'cpu', 'cpu', 'dma', 'exception'),
      core: 0,
      seq: this.r.below(9),
      ...(this.maybe(2) ? { lr: 0x08000301 } : {}),
    };
  }
  private place(): number {
    return this.one(
      TABLE,
      TABLE + 4,
      TABLE + 8,
      TABLE - 4,
      RESET_VECTOR,
      RESET_VECTOR - 1,
      INITIAL_SP,
      INITIAL_SP - 4,
      0x1fff0000,
      0x1fff0004,
      0x0bf80000,
      0x08000004,
      0x08010000,
      0x20000100,
      0x20003ff0,
      0xfffffffc,
      0,
    );
  }
  private magic(): MagicWord {
    const value = () => this.one(0xdeadbeef, 0xdeadbeef, 0, 1, 0x12345678);
    const someone = () => (this.maybe(3) ? null : this.writer());
    return {
      address: this.one(0x20000100, 0x20000104, 0x44007d00, 0x40002850, 0x08000100, 0x10000004), wanted: this.maybe(5) ? null : value(), atReset: value(), inDirtyLine: this.maybe(6),
      read: this.maybe(6) ? null : value(), reader: someone(), readWithoutClock: this.maybe(6), writer: someone(), overwrittenBy: this.maybe(2) ? null : this.writer(),
      comparedWith: this.maybe(4) ? null : value(), decision: someone(), elsewhere: this.maybe(6) ? { address: 0x20000108, writer: this.writer() } : null,
      ...(this.maybe(6) ? { heldBack: { because: 'half a word', bytes: this.one(4, 8) } } : {}), ...(this.maybe(4) ? { writtenWithoutClock: this.maybe(2) } : {}),
      ...(this.maybe(4) ? { lostBefore: true as const } : {}), ...(this.maybe(8) ? { lostSupply: true as const } : {}),
      ...(this.maybe(3) ? { variable: { name: 'magic', bytes: this.one(1, 2, 4, 8), declared: this.maybe(2) ? null : { file: 'main.c', line: 3 } } } : {}),
    }; // prettier-ignore
  }
  private history(plain: TargetHistory, entered: boolean): TargetHistory {
    const fault = { kind: this.one('bus-fetch', 'mem-fetch', 'mem-data', 'bus-data', 'invalid-state', 'undefined', 'breakpoint', 'unaligned', 'stack-overflow'), address: this.maybe(6) ? null : this.place(), pc: BRANCH + this.one(0, 4), from: BRANCH, at: this.one(4_000_000, 6_000_000) }; // prettier-ignore
    const failure = { kind: this.one('jump', 'jump', 'read', 'write'), pc: BRANCH + this.one(0, 2), at: 4_000_000, address: this.place(), loaded: this.maybe(4) ? null : { address: this.place(), pc: BRANCH - 2 }, feedsBranch: this.maybe(2), throughStack: this.maybe(3) } as const; // prettier-ignore
    const resets = Array.from({ length: this.r.below(4) }, () => ({ at: 3_000_000, by: this.one('software', 'software', 'iwdg', 'wwdg', 'power', 'pin', 'option-bytes'), flags: [this.one('SFTRSTF', 'IWDGRSTF', 'PINRSTF')], external: this.maybe(5) })); // prettier-ignore
    // the same whoever asks, and in whatever order
    const salt = this.r.u32();
    const by = (register: string): Writer | null => {
      const r = new Random(salt ^ hashOf(register));
      return r.below(3) === 0 ? null : new Subjects(r).writer();
    };
    return {
      ...plain, lastWriter: by, lastWriterBeforeReset: (register) => by(`before ${register}`), resets, failure: this.maybe(3) ? null : failure,
      firstFault: this.maybe(entered ? 2 : 6) ? null : fault, watchdogStart: this.maybe(2) ? this.writer() : null, magic: Array.from({ length: this.r.below(3) }, () => this.magic()),
      vectorReads: Array.from({ length: this.r.below(3) }, () => ({ address: this.place(), value: this.place(), pc: BRANCH - 4, at: this.one(2_000_000, 5_500_000) })),
      ...(this.maybe(3) ? {} : { breakpoints: Array.from({ length: this.r.below(3) }, () => ({ semihosting: this.maybe(2), pc: 0x08000600, at: this.one(1_000_000, 6_000_000) })) }),
      usbOfUser: Array.from({ length: this.r.below(3) }, () => ({ at: 1_000_000, enumerated: this.maybe(2), endedAt: this.one(null, 4_999_999, 5_000_000, 1_000_000) })),
      fellInRom: this.maybe(3) ? [{ pin: this.one('PA10', 'PA3', 'PB6'), at: 6_000_000 }] : [],
      selectedInRom: this.maybe(4) ? [{ name: this.one('SPI1', 'I2C1', 'FDCAN1'), pins: ['PA4'], at: this.one(4_000_000, 6_000_000) }] : [],
    }; // prettier-ignore
  }
  private state(plain: TargetState, t: FakeTarget): TargetState {
    const region = { number: this.r.below(8), rbar: this.r.below(16), attributes: (this.r.below(8) << 24) | (this.r.below(2) << 28) | 1 };
    const values: Readonly<Record<string, number>> = {
      lr: this.one(0xfffffff9, 0xfffffffd, 0xffffffe9, 0xffffffe1, 0x08000301),
      sp: this.one(INITIAL_SP, INITIAL_SP - 32, 0x20003ff0),
    };
    const missing = this.maybe(5) ? this.one('msp', 'control', 'xpsr', 'primask', 'msplim', 'lr', 'sp', 'vtor') : '';
    const coreOf = (name: string): number | null => (name === missing ? null : (values[name] ?? plain.core(name)));
    const crystal = this.one(0, 8_000_000, 16_000_000, 9_000_000);
    return {
      ...plain, core: coreOf,
      read: (address, size) => (address >= 0x20000000 && address < 0x20010000 ? [0, 0x200, RESET_VECTOR, INITIAL_SP, INITIAL_SP + 1][(address >>> 2) % 5]!
          : plain.read((address & ~3) >>> 0, size)),
      ...(this.maybe(2) ? { mpuRegion: (address: number) => ((address >>> 4) % 3 === 0 ? region : null) } : {}),
      ...(this.maybe(2) ? { otherCores: [{ name: 'M4', state: this.one('running', 'asleep', 'locked up', 'held') }] } : {}),
      ...(this.maybe(2) ? { watchdogRuns: (block: string) => (block.length + t.boot0) % 2 === 0 } : {}),
      ...(this.maybe(3) ? { l1: { dirty: this.one([], [0x20000100], [0x20000100, 0x20000120]), stale: this.r.below(3) } } : {}),
      ...(this.maybe(2) ? { crystalHz: () => crystal } : {}),
    }; // prettier-ignore
  }
  private disturb(t: FakeTarget): void {
    const { r } = this;
    const registers = [...t.registers.keys()];
    for (let i = 0; i < 12; i++) t.registers.set(this.one(...registers), r.u32());
    const near = registers.filter((name) => /^(RCC|PWR|FLASH|SYSCFG|EXTI|USB|OTG_FS|IWDG|WWDG|CRS|ICACHE|DCACHE)\./.test(name));
    for (let i = r.below(10); i > 0; i--) {
      const name = this.one(...near);
      t.registers.set(name, (t.registers.get(name)! ^ (1 << r.below(32))) >>> 0);
    }
    for (const word of [PPB.SYST_CSR, PPB.ICSR, PPB.HFSR, PPB.MPU_CTRL, PPB.NVIC_ISER, PPB.NVIC_ISPR, PPB.NVIC_ISPR + 4, PPB.NVIC_ISER + 8, PPB.NVIC_IPR + (USB_IRQ & ~3)])
      if (this.maybe(3)) t.ppb.set(word, word === PPB.HFSR ? this.one(0x80000000, 0x40000000) : this.one(1, 3, 5, 7, 1 << 26, 1 << 28, 1 << (USB_IRQ & 31), r.u32()));
    const values = { msp: [INITIAL_SP, 0x20003ff8, 0x20003ffc], primask: [1], basepri: [0x10, 0x80], faultmask: [1], control: [1, 2, 3, 4], msplim: [0x20003ff8], psplim: [4], vtor: [0, 0x08000000] } as const;
    for (const [name, list] of Object.entries(values)) if (this.maybe(4)) t.core[name] = this.one(...list);
    t.core['xpsr'] = 0x01000000 | this.one(0, 0, 0, 3, 4, 11, 14, 15, 16, 16 + USB_IRQ, 45 + 16, 7);
    for (const name of ['sysclk', 'hclk', 'hse', 'lse', 'usb']) if (this.maybe(3)) t.clocks[name] = this.one(0, 4e6, 8e6, 16e6, 24e6, 48e6, 72e6, 170e6);
    for (const id of ['bank-check', 'jump-empty-check', 'pin-boot-security', 'reset-flags', 'unexpected-exception', 'usb-supply', 'hsi48', 'vtor', 'primask', 'systick', 'iwdg', 'sysclk'])
      if (this.maybe(2)) t.options[id] = this.one('keeps', 'sets', 'never', 'always', 'bfb2', 'ignores', 'uses', 'off', 'clears', 'loops', 'or-boot0', 'flash-erased');
    if (this.maybe(3)) t.flash = { 0x08000000: this.one(0x20004000, 0xffffffff, 0x20001000, 0) };
    t.boot0 = this.one(0, 0, 1);
  } // prettier-ignore
  any(): { readonly subject: Subject; readonly chip: string } {
    const t = new FakeTarget(this.one(...chips));
    this.disturb(t);
    const entered = this.maybe(2);
    t.entry = entered
      ? { address: this.one(RESET_VECTOR & ~1, RESET_VECTOR & ~1, TABLE, TABLE + 4, 0x1fff0000, 0x0bf98100), thumb: !this.maybe(4), how: this.one('branch', 'branch', 'exception', 'boot'), reached: !this.maybe(4), fromPc: this.maybe(6) ? null : BRANCH, at: 5_000_000 }
      : null; // prettier-ignore
    t.outcome = this.one('rom-silent', 'no-jump', 'fault', 'reset-loop', 'stuck', 'back-in-app', 'dfu');
    const plain = t.subject();
    return {
      chip: t.chip.name,
      subject: { ...plain, state: this.state(plain.state, t), history: this.maybe(10) ? null : this.history(plain.history!, entered) },
    };
  }
}
export function* randomSubjects(seed: number, count: number): Generator<{ readonly subject: Subject; readonly chip: string }> {
  for (let i = 0; i < count; i++) yield new Subjects(new Random(seed + 7919 * i)).any();
}

/** What a repair does, in its order. */
function doneBy(repair: ReturnType<Check['repair']>, subject: Subject): string {
  if (repair === null) return '';
  if (repair.at !== 'entry') return JSON.stringify(repair);
  const done: string[] = [];
  const target = new Proxy({} as RepairTarget, {
    get:
      (_, verb: string) =>
      (...args: unknown[]) =>
        void done.push(`${verb} ${args.join()}`),
  });
  repair.apply(target, subject);
  return `${repair.what} ${repair.fix} ${repair.acts ?? ''} ${done.join()}`;
}
/** Everything that a check says of a subject, its verdict and reason first. */
export function saidBy(check: Check, subject: Subject): readonly [short: string, whole: string] {
  const judgement = check.judge(subject);
  const { verdict, because } = judgement;
  const broken = verdict === 'fail' || verdict === 'warn';
  const members = broken ? (check.members?.(subject) ?? []) : [];
  const narrowed = members.length > 1 ? check.narrow?.(subject, members.slice(1)) : undefined;
  const choices = broken ? (check.choices?.(subject) ?? []) : [];
  const whole = [
    JSON.stringify(judgement),
    broken ? doneBy(check.repair(subject), subject) : '',
    broken ? JSON.stringify(check.unmodelled?.(subject) ?? []) : '',
    members.join(),
    narrowed ? JSON.stringify(narrowed.judgement) + doneBy(narrowed.repair ?? null, subject) : '',
    ...choices.map((c) => JSON.stringify(c.judgement) + doneBy(c.repair, subject)),
    `${check.isLastResort?.(subject)} ${check.isTentative?.(subject)} ${typeof check.remark === 'function' ? check.remark(subject) : check.remark}`,
  ];
  return [`${verdict}: ${because}`, whole.join(' | ')];
}
