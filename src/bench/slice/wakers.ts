/**
 * What from outside the chip would end a sleep, or a wait for a word that a handler writes: source by source, with the line that enabled it. Called where nothing of the
 * chip itself comes any more (session/fixed-loop.ts): blocks that only work on by themselves are not asked again.
 */
import { isEnabled, isPending, preempts } from '../../emu/core/arm/nvic.ts';
import { EXC, SCS } from '../../emu/core/arm/scs-state.ts';
import type { Machine } from '../../emu/machine.ts';
import type { Block } from '../../emu/system.ts';
import { givenInStop, POWER_STANDBY, POWER_STOP } from '../../peripherals/wires.ts';
import type { Session } from '../session/session.ts';
import { place } from './words.ts';

export interface Waker {
  /** `a byte at LPUART1` */
  readonly what: string;
  readonly kind: 'serial' | 'pin' | 'other';
  /** The port whose byte it is, or the pin; empty for anything else. */
  readonly name: string;
  /** Interrupt line; null for what needs none. */
  readonly line: number | null;
  /** Where it was enabled. */
  readonly by: string | null;
}

/** A block that is asked: its fields by `REGISTER.FIELD`, 0 where it has none. */
class Asked {
  readonly name: string;
  /** Its row's kernel clock. */
  readonly clock: string | undefined;
  private readonly wakes: boolean;
  readonly model: string;
  private readonly s: Session;
  private readonly block: Block;
  constructor(s: Session, block: Block) {
    this.s = s;
    this.block = block;
    this.name = block.row.name;
    this.model = block.row.model ?? '';
    const options = block.row.options as { readonly clock?: string; readonly wakesFromStop?: boolean } | undefined;
    this.clock = options?.clock;
    this.wakes = options?.wakesFromStop !== false;
  }
  private path(paths: readonly string[]): string | undefined {
    return paths.find((path) => this.block.layout.hasField(path));
  }
  has(...paths: readonly string[]): boolean {
    return this.path(paths) !== undefined;
  }
  get(...paths: readonly string[]): number {
    const path = this.path(paths);
    return path === undefined ? 0 : this.block.layout.field(path).of(this.block.state.regs[this.block.layout.field(path).register.index]!);
  }
  /** It is made to hear in Stop. */
  mayWake(): boolean {
    return this.wakes && this.has('CR1.UESM');
  }
  /** It has its clock. */
  isOn(): boolean {
    return this.s.machine.system.isClocked(this.block);
  }
  /** All fields of this name's kind that are set. */
  set(name: RegExp): readonly string[] {
    return this.block.layout.registers.flatMap((r) =>
      r.fields.map((f) => `${r.name}.${f.name}`).filter((path) => name.test(path) && this.get(path) !== 0),
    );
  }
  /** Where the first of these fields that is set was written. */
  by(...paths: readonly string[]): string | null {
    const path = paths.find((p) => this.get(p) !== 0) ?? paths[0]!;
    const register = path.split('.')[0]!;
    const mask = this.block.layout.hasField(path) ? this.block.layout.field(path).mask : -1;
    const writer = this.s.machine.history.lastWriter(`${this.name}.${register}`, mask);
    return writer === null ? null : place(this.s, writer.pc);
  }
}

interface Found {
  readonly what: string;
  readonly by: string | null;
}
/** What from outside makes a block of this model ask for its interrupt; in Stop only what works there. */
interface Source {
  readonly of: RegExp;
  awake(a: Asked): Found | null;
  inStop?(a: Asked, s: Session): Found | null;
}

const RECEIVES = ['CR1.RXNEIE', 'CR1.RXFNEIE', 'CR1.RXNEIE_RXFNEIE', 'CR1.IDLEIE', 'CR1.CMIE', 'CR1.RTOIE', 'CR1.RXFFIE', 'CR3.RXFTIE'];
/** A receiver that is on, and what of it asks for an interrupt; by DMA it may be the controller's. */
function byte(a: Asked, more: readonly string[] = []): Found | null {
  const enables = [...RECEIVES, ...more].filter((path) => a.get(path) !== 0);
  if (!a.get('CR1.UE') || !a.get('CR1.RE') || enables.length === 0) return null;
  return { what: `a byte at ${a.name}`, by: a.by(...enables) };
}
const SERIAL: Source = {
  of: /^usart/,
  awake: (a) => byte(a),
  inStop: (a, s) => (deafInStop(a, s) === null ? byte(a, ['CR3.WUFIE']) : null),
};
/** Why a receiver hears nothing in Stop, null if it does. */
function deafInStop(a: Asked, { machine: { system } }: Session): string | null {
  if (!a.mayWake()) return 'it does not work there';
  if (!a.get('CR1.UESM')) return 'UESM = 0';
  return system.level(givenInStop(a.clock ?? '')) ? null : 'its kernel clock stands still there';
}

const SOURCES: readonly Source[] = [
  SERIAL,
  {
    of: /^i2c-v2/,
    awake: (a) => addressed(a, 'CR1.ADDRIE', ['OAR1.OA1EN', 'OAR2.OA2EN', 'CR1.GCEN']),
    inStop: (a, { machine: { system } }) =>
      a.get('CR1.WUPEN') && a.clock !== undefined && system.level(givenInStop(a.clock))
        ? addressed(a, 'CR1.ADDRIE', ['OAR1.OA1EN', 'OAR2.OA2EN', 'CR1.GCEN'])
        : null,
  },
  { of: /^i2c-v1/, awake: (a) => addressed(a, 'CR2.ITEVTEN', ['CR1.ACK']) },
  { of: /^spi/, awake: (a) => clocked(a) },
  { of: /^bxcan/, awake: (a) => frame(a, ['IER.FMPIE0', 'IER.FMPIE1', 'IER.WKUIE']) },
  { of: /^fdcan/, awake: (a) => frame(a, ['IE.RF0NE', 'IE.RF1NE', 'IE.RF0WE', 'IE.RF1WE']) },
  { of: /^eth/, awake: (a) => atLink(a, 'a frame') },
  { of: /^tim/, awake: (a) => captured(a) },
  {
    of: /^lptim/,
    awake: (a) => counted(a),
    inStop: (a) => counted(a),
  },
  {
    of: /^(?:rtc|tamp|bkp)/,
    awake: (a) => tampered(a),
    inStop: (a) => tampered(a),
  },
  {
    of: /^usb/,
    awake: (a) => atLink(a, 'the host'),
    inStop: (a) => atLink(a, 'the host'),
  },
  {
    of: /^comp/,
    awake: (a) => compared(a),
    inStop: (a) => compared(a),
  },
  {
    of: /^pwr/,
    awake: () => null,
    inStop: (a) => wakeUpPin(a),
  },
];
/** Models that nothing from outside reaches but by other blocks, which are asked themselves, and the pins, which EXTI stands for. */
const INNER =
  /^(?:adc|art|bdma|cordic|crc|crs|dac|dbgmcu|dcache|display|dma|dsihost|exti|flash|fmc|gpdma|gpio|gtzc|hash|hsem|icache|iwdg|ltdc|mdma|opamp|quadspi|ramcfg|rcc|rng|sbs|sdmmc|spi-window|syscfg|tsc|tzsc|vrefbuf|wwdg|afio|dma2d)/;

function addressed(a: Asked, enable: string, own: readonly string[]): Found | null {
  const listens = a.get('CR1.PE') && a.get(enable) && own.some((path) => a.get(path) !== 0);
  return listens ? { what: `a master that addresses ${a.name}`, by: a.by(enable) } : null;
}
/** Of a block that may share its line with others: that it is on counts. */
const atLink = (a: Asked, who: string): Found | null => (a.isOn() ? { what: `${who} at ${a.name}`, by: null } : null);
function clocked(a: Asked): Found | null {
  const enable = ['CR2.RXNEIE', 'IER.RXPIE'].find((path) => a.get(path) !== 0);
  const slave = a.get('CR1.SPE') && !a.get('CR1.MSTR', 'CFG2.MASTER');
  return slave && enable !== undefined ? { what: `a master that clocks ${a.name}`, by: a.by(enable) } : null;
}
function frame(a: Asked, enables: readonly string[]): Found | null {
  const on = enables.filter((path) => a.get(path) !== 0);
  return on.length === 0 ? null : { what: `a frame at ${a.name}`, by: a.by(...on) };
}
/** Capture, an outside trigger or clock. */
function captured(a: Asked): Found | null {
  for (const n of [1, 2, 3, 4]) {
    const output = n < 3 ? 'CCMR1_Output' : 'CCMR2_Output';
    const selection = a.get(`CCMR1_Input.CC${n}S`, `CCMR2_Input.CC${n}S`, `${output}.CC${n}S`, `CCMR1.CC${n}S`, `CCMR2.CC${n}S`);
    if (selection !== 0 && a.get(`CCER.CC${n}E`) && a.get(`DIER.CC${n}IE`))
      return { what: `an edge at ${a.name}_CH${n}`, by: a.by(`DIER.CC${n}IE`) };
  }
  const outside = a.get('SMCR.ECE') !== 0 || (a.get('SMCR.SMS') !== 0 && a.get('SMCR.TS') >= FIRST_OUTSIDE_TRIGGER);
  const enable = ['DIER.UIE', 'DIER.TIE'].find((path) => a.get(path) !== 0);
  return outside && a.get('CR1.CEN') && enable !== undefined ? { what: `edges at the input of ${a.name}`, by: a.by(enable) } : null;
}
/** SMCR.TS: TI1F_ED, TI1FP1, TI2FP2, ETRF behind the internal ones. */
const FIRST_OUTSIDE_TRIGGER = 4;
function counted(a: Asked): Found | null {
  const outside = a.get('CFGR.CKSEL') || a.get('CFGR.COUNTMODE') || a.get('CFGR.TRIGEN');
  const [enable] = a.set(/^(?:IER|DIER)\./);
  return outside && a.get('CR.ENABLE') && enable !== undefined ? { what: `an edge at the input of ${a.name}`, by: a.by(enable) } : null;
}
/** Nothing is known of the voltages at its inputs. */
function compared(a: Asked): Found | null {
  const [enable] = a.set(/(?:_|\.C\d)?EN\d?$/);
  return enable === undefined ? null : { what: `a comparator (${enable}; its inputs have no voltages here)`, by: a.by(enable) };
}
function tampered(a: Asked): Found | null {
  if (a.get('CR.TSE') && a.get('CR.TSIE')) return { what: 'an edge at RTC_TS', by: a.by('CR.TSIE') };
  const [enable] = a.set(/\.TAMP(?:\d|)IE$|\.TPIE$/);
  return enable !== undefined ? { what: 'a tamper pin', by: a.by(enable) } : null;
}
/** Wake-up lines that are on: WKUP1 … */
function wakeUpPin(a: Asked): Found | null {
  const on = wakeUpPins(a);
  return on.length === 0 ? null : { what: `an edge at ${on.map((path) => `WKUP${/\d*$/.exec(path)![0]}`).join(', ')}`, by: a.by(on[0]!) };
}
/** C2CR3 is of the other core. */
const wakeUpPins = (a: Asked): readonly string[] => a.set(/^(?!C2).*\.(?:EWUP|WUPEN|WKUPEN)\d*$/);

// ---- pins ----------------------------------------------------------------------------------------------------------------------------

/** The block whose EXTICR registers say which port an EXTI line listens to: SYSCFG, AFIO, SBS or EXTI itself. */
export const portSelector = ({ system, chip }: Machine): string | undefined =>
  chip.blocks.find((b) => system.layoutOf(b.name)?.registers.some((r) => r.name === portRegister(0)))?.name;
export const portRegister = (line: number): string => `EXTICR${(line >> 2) + 1}`;

export interface ArmedPin {
  /** `PC13` */
  readonly name: string;
  readonly line: number;
  readonly level: 0 | 1;
  /** The first that counts: the next one, or that of a button which is let go. */
  readonly edge: 'rising' | 'falling';
  /** The other one counts, too. */
  readonly both: boolean;
}
/** The edge that comes next, by the level of a pin. */
const NEXT = ['rising', 'falling'] as const;
/** Pins of which an edge raises an interrupt, or an event: the EXTI line is unmasked, and the edge is selected. */
export function armedPins(s: Session, what: 'interrupt' | 'event' = 'interrupt'): ArmedPin[] {
  const { system, chip, bootCore } = s.machine;
  const value = (block: string, names: readonly string[]): number => {
    const register = system.layoutOf(block)?.registers.find((r) => names.includes(r.name));
    const base = chip.blocks.find((b) => b.name === block)?.base;
    return register === undefined || base === undefined ? 0 : (bootCore.peek(base + register.offset, 4) ?? 0);
  };
  const [mask, rising, falling] = [MASKS[what], ...EDGES].map((names) => value('EXTI', names)) as [number, number, number];
  const selector = portSelector(s.machine);
  const pins: ArmedPin[] = [];
  for (let line = 0; line < PINS && selector !== undefined; line++) {
    if (((mask >>> line) & 1) === 0) continue;
    const name = portRegister(line);
    const fields =
      system
        .layoutOf(selector)
        ?.registers.find((r) => r.name === name)
        ?.fields.toSorted((a, b) => a.bit - b.bit) ?? [];
    const field = fields[line & 3];
    if (field === undefined) continue;
    const port = PORTS[(value(selector, [name]) >>> field.bit) & ((1 << field.width) - 1)] ?? '';
    if (!chip.blocks.some((b) => b.name === `GPIO${port}`)) continue;
    const level = ((value(`GPIO${port}`, ['IDR']) >>> line) & 1) as 0 | 1;
    const [next, back] = [NEXT[level], NEXT[level === 1 ? 0 : 1]];
    const isSelected = (edge: ArmedPin['edge']): boolean => (((edge === 'rising' ? rising : falling) >>> line) & 1) !== 0;
    if (!isSelected(next) && !isSelected(back)) continue;
    pins.push({ name: `P${port}${line}`, line, level, edge: isSelected(next) ? next : back, both: NEXT.every(isSelected) });
  }
  return pins;
}
/** Lines that let an interrupt or an event through, and the edges that make one: EXTI's registers in its versions. */
const MASKS = { interrupt: ['IMR', 'IMR1', 'CPUIMR1', 'C1IMR1'], event: ['EMR', 'EMR1', 'CPUEMR1', 'C1EMR1'] };
const EDGES = [
  ['RTSR', 'RTSR1'],
  ['FTSR', 'FTSR1'],
];
const PORTS = 'ABCDEFGHIJK';
const PINS = 16;
const STOP_3 = 3;

// ---- all of them ---------------------------------------------------------------------------------------------------------------------

/** An interrupt that is enabled, and taken where it comes, or wakes. */
const counts = ({ machine: { bootCore: core } }: Session, line: number, asleep: boolean): boolean =>
  isEnabled(core, EXC.IRQ0 + line) && preempts(core, EXC.IRQ0 + line, asleep);
/** The chip is in Standby or Shutdown. */
export const isOff = ({ machine: { system } }: Session): boolean => system.level(POWER_STANDBY) !== 0;
const linesOf = ({ row }: Block): readonly number[] => (row.irqs ?? []).filter((n) => n >= 0);

/** Serial ports whose next byte is an interrupt now, and their lines. */
export function hearingPorts(s: Session): readonly { readonly name: string; readonly line: number }[] {
  return wakersByInterrupt(s, (n) => isEnabled(s.machine.bootCore, EXC.IRQ0 + n)).flatMap(({ kind, name, line }) =>
    kind !== 'serial' || line === null ? [] : [{ name, line }],
  );
}

/** By the interrupts that would be taken, or wake the core. */
function wakersByInterrupt(s: Session, isMeant: (line: number) => boolean): Waker[] {
  const { system } = s.machine;
  const stops = system.level(POWER_STOP) !== 0;
  return system.blocks.flatMap((block): Waker[] => {
    const line = linesOf(block).find(isMeant);
    const source = SOURCES.find(({ of }) => of.test(block.row.model ?? ''));
    if (source === undefined) return [];
    const a = new Asked(s, block);
    const found = line === undefined ? null : stops ? (source.inStop?.(a, s) ?? null) : source.awake(a);
    if (found === null || line === undefined) return byDma(s, a, stops, isMeant);
    return [{ what: found.what, kind: SERIAL.of.test(a.model) ? 'serial' : 'other', name: a.name, line, by: found.by }];
  });
}
/** A receiver without an interrupt of its own, whose bytes a DMA controller counts. */
function byDma({ machine: { system } }: Session, a: Asked, stops: boolean, isMeant: (line: number) => boolean): Waker[] {
  if (stops || !SERIAL.of.test(a.model) || !a.get('CR3.DMAR') || !a.get('CR1.UE') || !a.get('CR1.RE')) return [];
  const line = system.blocks
    .filter((b) => /^(?:gp)?dma/.test(b.row.model ?? ''))
    .flatMap(linesOf)
    .find(isMeant);
  return line === undefined ? [] : [{ what: `bytes at ${a.name} (DMA)`, kind: 'serial', name: a.name, line, by: a.by('CR3.DMAR') }];
}

/** Interrupts that are enabled, of blocks of which nobody here knows what raises them. */
export function unknownWakers(s: Session, asleep: boolean): readonly string[] {
  const { system } = s.machine;
  const known = (model: string): boolean => INNER.test(model) || SOURCES.some(({ of }) => of.test(model));
  return system.blocks
    .filter((b) => system.isClocked(b) && !known(b.row.model ?? '') && linesOf(b).some((n) => counts(s, n, asleep)))
    .map((b) => b.row.name);
}

/** What would end the wait in which the session stands. `asleep`: the core is in WFI or WFE. */
export function wakers(s: Session, asleep: boolean): readonly Waker[] {
  const { bootCore: core, system, history } = s.machine;
  if (isOff(s)) return standbyWakers(s);
  const found = wakersByInterrupt(s, (line) => counts(s, line, asleep));
  const deepest = system.level(POWER_STOP) === STOP_3;
  const exti = system.findBlock('EXTI');
  const events = asleep && core.arm.waiting === 'wfe' ? armedPins(s, 'event') : [];
  const byInterrupt = armedPins(s).flatMap((pin) => {
    const irq = lineOfPin(s, pin, asleep);
    return irq === null ? [] : [{ ...pin, irq }];
  });
  const pins = deepest ? [] : [...byInterrupt, ...events.map((pin) => ({ ...pin, irq: null }))];
  const names = new Set<string>();
  for (const { name, line, edge, irq } of pins) {
    if (names.has(name)) continue;
    names.add(name);
    const writer = ['IMR', 'IMR1', 'C1IMR1', 'EMR', 'EMR1', 'C1EMR1']
      .filter((r) => exti?.layout.has(r))
      .map((r) => history.lastWriter(`EXTI.${r}`, 1 << line))
      .find((w) => w !== null);
    found.push({ what: `a ${edge} edge on ${name} (EXTI${line})`, kind: 'pin', name, line: irq, by: writer ? place(s, writer.pc) : null });
  }
  if (asleep && (core.get(SCS.SCR) & SEVONPEND) !== 0 && core.arm.waiting === 'wfe')
    found.push({ what: 'any interrupt that becomes pending (SEVONPEND)', kind: 'other', name: '', line: null, by: null });
  return found;
}
const SEVONPEND = 0x10;
/** The interrupt line by which an edge on the pin leads to a handler, or wakes: it is tried. Null: it does not; what else is pending just then is not the pin's. */
export function lineOfPin(s: Session, { name, level, edge }: ArmedPin, asleep: boolean): number | null {
  const { bootCore: core, system } = s.machine;
  const exti = system.findBlock('EXTI');
  const quiet = (exti === undefined ? [] : linesOf(exti)).filter((line) => !isPending(core, EXC.IRQ0 + line));
  const here = s.save();
  try {
    for (const to of edge === NEXT[level] ? [1 - level] : [1 - level, level]) system.setWire(`pin.${name}`, to);
    return quiet.find((line) => isPending(core, EXC.IRQ0 + line) && counts(s, line, asleep)) ?? null;
  } finally {
    s.restore(here);
  }
}

/** Receivers whose interrupt is enabled, and that hear nothing in this Stop: `LPUART1 hears nothing in Stop: UESM = 0`. */
export function deafPorts(s: Session): readonly string[] {
  const { system } = s.machine;
  if (system.level(POWER_STOP) === 0) return [];
  return system.blocks
    .filter((b) => SERIAL.of.test(b.row.model ?? '') && linesOf(b).some((n) => counts(s, n, true)))
    .map((b) => new Asked(s, b))
    .flatMap((a) => {
      const heard = byte(a, ['CR3.WUFIE']);
      const why = heard === null ? null : deafInStop(a, s);
      return heard === null || why === null ? [] : [`${a.name} hears nothing in Stop: ${why}${heard.by === null ? '' : ` (${heard.by})`}`];
    });
}

/** What ends Standby or Shutdown beside NRST and power: wake-up pins, and the RTC where it is set to. */
export function standbyWakers(s: Session): readonly Waker[] {
  const { system } = s.machine;
  const pwr = system.findBlock('PWR');
  if (pwr === undefined) return [];
  const found = wakeUpPin(new Asked(s, pwr));
  return found === null ? [] : [{ what: found.what, kind: 'other', name: '', line: null, by: found.by }];
}

/** `a byte at LPUART1 (main.c:50), or a rising edge on PA0 (EXTI0, main.c:62)` */
export const wakersText = (all: readonly Waker[]): string =>
  all.map(({ what, by }) => (by === null ? what : `${what} (enabled at ${by})`)).join(', or ');
