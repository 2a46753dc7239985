/** A handed-over chip made of register facts alone: what a check reads, and what a repair changes, without a machine behind it. */
import { STM32H533RE } from '../../src/chips/stm32h533.ts';
import type { ChipDescription } from '../../src/emu/chip.ts';
import { CHECKS } from '../../src/checks/index.ts';
import {
  type Check,
  type EntryFacts,
  type LeaveFacts,
  type Judgement,
  type MagicWord,
  type RepairTarget,
  type ResetFacts,
  type Subject,
  type TargetHistory,
  type UsbFacts,
  type Writer,
} from '../../src/checks/check.ts';
import { PPB } from '../../src/checks/core-registers.ts';
import { locate } from '../../src/checks/families.ts';

export const TABLE = 0x0bf97000;
export const RESET_VECTOR = 0x0bf98561;
export const INITIAL_SP = 0x20004000;
export const USB_IRQ = 74;
export const TIM2_IRQ = 45;

export const writer = (pc: number, seq: number): Writer => ({ pc, at: 1_000_000, kind: 'cpu', core: 0, seq });

const known = new WeakMap<ChipDescription, ReadonlyMap<string, number>>();
function resetValues(chip: ChipDescription): ReadonlyMap<string, number> {
  const values = new Map<string, number>();
  if (known.has(chip)) return known.get(chip)!;
  for (const block of chip.blocks)
    for (const r of chip.facts[block.facts ?? block.name]?.registers ?? []) values.set(`${block.name}.${r.name}`, r.reset);
  known.set(chip, values);
  return values;
}

export class FakeTarget implements RepairTarget {
  readonly chip: ChipDescription;
  readonly registers: Map<string, number>;
  readonly ppb = new Map<number, number>();
  readonly core: Record<string, number> = {
    msp: INITIAL_SP,
    psp: 0,
    primask: 0,
    basepri: 0,
    faultmask: 0,
    control: 0,
    msplim: 0,
    psplim: 0,
    xpsr: 0x01000000,
    vtor: TABLE,
    fpscr: 0,
  };
  clocks: Record<string, number> = { sysclk: 32e6, hclk: 32e6, hse: 0 };
  entry: EntryFacts | null = { address: RESET_VECTOR & ~1, thumb: true, how: 'branch', reached: true, fromPc: 0x08000400, at: 5_000_000 };
  options: Record<string, string> = {};
  outcome = 'rom-silent';
  // history
  writers = new Map<string, Writer>();
  /** The same from before a reset. */
  writersBefore = new Map<string, Writer>();
  resets: ResetFacts[] = [];
  vectorReads: TargetHistory['vectorReads'][number][] = [];
  magic: MagicWord[] = [];
  firstFault: TargetHistory['firstFault'] = null;
  breakpoints: { semihosting: boolean; pc: number; at: number }[] = [];
  usbOfUser: UsbFacts[] = [];
  fellInRom: { pin: string; at: number }[] = [];
  selectedInRom: NonNullable<TargetHistory['selectedInRom']> = [];
  leave: LeaveFacts | null = null;
  pins: Record<string, 0 | 1> = { PA10: 1, PA3: 1 };
  boot0 = 0;
  /** Words of flash; others are erased. */
  flash: Record<number, number> = { 0x08000000: 0x20004000, 0x08000004: 0x08000401 };
  stopped: string[] = [];
  withHistory = true;

  constructor(chip: ChipDescription = STM32H533RE) {
    this.chip = chip;
    this.registers = new Map(resetValues(chip));
    if (chip.name !== STM32H533RE.name) return;
    // What the facts do not say: the SVD's wrong TRIM, option bytes as they leave the factory.
    this.set('CRS.CR.TRIM', 0x20).set('FLASH.OPTSR_CUR.PRODUCT_STATE', 0xed).set('FLASH.OPTSR2_CUR.TZEN', 0xc3);
    for (const { field, factory } of Object.values(STM32H533RE.optionBytes ?? {})) {
      const programmed = field.replace('_CUR.', '_PRG.');
      if (locate(STM32H533RE, field)) this.set(field, factory.value);
      if (locate(STM32H533RE, programmed)) this.set(programmed, factory.value);
    }
    this.set('RCC.CR.HSI48ON', 1).set('RCC.CR.HSI48RDY', 1).set('PWR.USBSCR.USB33SV', 1);
  }

  get(path: string): number | null {
    const value = this.registers.get(path.split('.').slice(0, 2).join('.'));
    const at = locate(this.chip, path);
    return value === undefined || !at ? null : ((value & at.mask) >>> at.bit) >>> 0;
  }
  set(path: string, value: number): this {
    const name = path.split('.').slice(0, 2).join('.');
    const at = locate(this.chip, path);
    if (!at) throw new Error(`${this.chip.name} has no ${path}`);
    this.registers.set(name, ((this.registers.get(name)! & ~at.mask) | ((value << at.bit) & at.mask)) >>> 0);
    return this;
  }
  enable(line: number, bank: number = PPB.NVIC_ISER): this {
    const address = bank + 4 * (line >>> 5);
    this.ppb.set(address, (this.ppb.get(address) ?? 0) | (1 << (line & 31)));
    return this;
  }
  priority(line: number, value: number): this {
    const address = PPB.NVIC_IPR + (line & ~3);
    this.ppb.set(address, (this.ppb.get(address) ?? 0) | (value << (8 * (line & 3))));
    return this;
  }

  // RepairTarget
  setCore(register: string, value: number): void {
    this.core[register] = value;
  }
  setField(path: string, value: number): void {
    this.set(path, value);
    // The status field follows the switch.
    if (path === 'RCC.CFGR1.SW') this.set('RCC.CFGR1.SWS', value);
  }
  write(address: number, size: 1 | 2 | 4, value: number): void {
    if (size !== 4 || address % 4 !== 0) throw new Error(`a write of ${size} bytes to 0x${address.toString(16)}`);
    if (address === PPB.ICSR) {
      const clear = (value & (1 << 25) ? 1 << 26 : 0) | (value & (1 << 27) ? 1 << 28 : 0);
      this.ppb.set(address, (this.ppb.get(address) ?? 0) & ~clear);
    } else if (address >= 0xe0000000) this.ppb.set(address, value);
    else if (address === locate(this.chip, 'RCC.RSR')!.address) this.registers.set('RCC.RSR', 0);
    else {
      // the only other registers written like this fall by a one
      const name = [...this.registers.keys()].find((n) => n.startsWith('EXTI.') && locate(this.chip, n)!.address === address);
      if (!name) throw new Error(`unexpected write to 0x${address.toString(16)}`);
      this.registers.set(name, (this.registers.get(name)! & ~value) >>> 0);
    }
  }
  leaveHandlerMode(): void {
    this.core['xpsr'] = this.core['xpsr']! & ~0x1ff;
  }
  clearNvic(what: 'enabled' | 'pending'): void {
    const base = what === 'enabled' ? PPB.NVIC_ISER : PPB.NVIC_ISPR;
    for (let i = 0; i < 16; i++) this.ppb.delete(base + 4 * i);
    if (what === 'pending') this.ppb.delete(PPB.ICSR);
  }
  stopTimersOf(block: string): void {
    this.stopped.push(block);
    if (block === 'IWDG') this.set('IWDG.SR.ONF', 0);
    if (block === 'WWDG') this.set('WWDG.CR.WDGA', 0);
  }
  holdPin(name: string, level: 0 | 1): void {
    this.pins[name] = level;
    if (level === 1) this.fellInRom = this.fellInRom.filter((e) => e.pin !== name);
  }
  branchTo(address: number): void {
    this.entry = { ...this.entry!, how: 'branch', address: (address & ~1) >>> 0, thumb: (address & 1) === 1 };
  }

  subject(): Subject {
    return {
      state: {
        chip: this.chip,
        core: (name) => this.core[name] ?? null,
        read: (address, size) => {
          // the private peripheral bus and flash are read by whole words here, as a probe does
          if (size !== 4 || address % 4 !== 0) throw new Error(`a read of ${size} bytes at 0x${address.toString(16)}`);
          return address >= 0x08000000 && address < 0x08080000 ? (this.flash[address] ?? 0xffffffff) : (this.ppb.get(address) ?? 0) >>> 0;
        },
        bootPin: (name) => (name === 'BOOT0' ? this.boot0 : null),
        pin: (name) => this.pins[name] ?? 'z',
        field: (path) => this.get(path),
        clockHz: (name) => this.clocks[name] ?? null,
      },
      history: this.withHistory
        ? {
            lastWriter: (register) => this.writers.get(register) ?? null,
            lastWriterBeforeReset: (register) => this.writersBefore.get(register) ?? null,
            resets: this.resets,
            entries: this.entry ? [this.entry] : [],
            vectorReads: this.vectorReads,
            magic: this.magic,
            breakpoints: this.breakpoints,
            firstFault: this.firstFault,
            usbOfUser: this.usbOfUser,
            fellInRom: this.fellInRom,
            selectedInRom: this.selectedInRom,
            leave: this.leave,
          }
        : null,
      entry: this.entry,
      rom: {
        vectorTable: TABLE,
        initialStack: INITIAL_SP,
        resetVector: RESET_VECTOR,
        range: [0x0bf97000, 0x0bf9ffff],
        ramUse: [{ base: 0x20000000, size: 0x4000 }],
        usbIrq: USB_IRQ,
        listensTo: [
          { name: 'USART1', pin: 'PA10' },
          { name: 'USART2', pin: 'PA3' },
        ],
        option: (id) => (this.options[id] === undefined ? null : { value: this.options[id], confidence: 'assumed' }),
      },
      outcome: this.outcome,
    };
  }
  judge(id: string): Judgement {
    return check(id).judge(this.subject());
  }
}

export function check(id: string): Check {
  const found = CHECKS.find((c) => c.id === id);
  if (!found) throw new Error(`no check ${id}`);
  return found;
}
/** Applies the entry repair of a check and judges again. */
export function repaired(id: string, target: FakeTarget): Judgement {
  const subject = target.subject();
  const repair = check(id).repair(subject);
  if (repair?.at !== 'entry') throw new Error(`${id}: no repair at the entry`);
  repair.apply(target, subject);
  return target.judge(id);
}
