/** From the tree of a random program to Thumb code for one core. */
import { Decoder } from '../../../../src/emu/core/decode.ts';
import '../../../../src/emu/core/isa/index.ts';
import { PROFILES } from '../../../../src/emu/core/models/index.ts';
import { OPS, type Row } from '../../../../src/emu/core/rows.ts';
import type { CoreName } from '../bare-machine.ts';
import { halfwords, Random, randomBits, rowsOf } from '../random-cases.ts';
import type { Func, Node, Program } from './program.ts';
import { EQ, NE, ThumbAssembler } from './thumb-assembler.ts';

export const FLASH = 0x0800_0000;
export const RAM = 0x2000_0000;
export const RAM_ALIAS = 0x3800_0000;
export const RAM_BYTES = 0x2_0000;
export const ROM = 0x1ff0_0000;
export const DEVICE = 0x4000_0000;
export const DEVICE_IRQ = 3;
const STACK = RAM + 0x8000;
const PROCESS_STACK = RAM + 0xc000;
const FUEL = RAM + 0x100;
const DATA = RAM + 0x1000;
const HOLE = 0x6000_0000;
const ICSR = 0xe000_ed04;
const CCR = 0xe000_ed14;
const SHCSR = 0xe000_ed24;
const CPACR = 0xe000_ed88;
const MPU_CTRL = 0xe000_ed94;
const SYST_CSR = 0xe000_e010;
const NVIC_ISPR = 0xe000_e200;

/** Registers of the device and of the core, and an offset at which the device answers with a bus error. */
const DEVICE_COUNT = Array<number>(6).fill(DEVICE);
const POLLED = [
  ...DEVICE_COUNT,
  DEVICE + 4,
  DEVICE + 0x18,
  SYST_CSR,
  SYST_CSR,
  ...Array<number>(3).fill(SYST_CSR + 8),
  ICSR,
  ...Array<number>(2).fill(0xe000_1004),
];

/** Bytes that a function may take, and what is left for the ends of open constructs when its body stops growing. */
const FUNCTION_BYTES = 0x780;
const ENOUGH = 0x480;
export const FAULT_HANDLER = FLASH + 0x800;
export const MAIN = 0;
export const HANDLERS = 5;
const areas = [FLASH + 0x1000 - 0x60, FLASH + 0x1000 - 0x60, RAM + 0x10000 - 0x60, RAM + 0x10000 - 0x60, ROM + 0x1000 - 0x60];

export interface Piece {
  readonly address: number;
  readonly code: readonly number[];
}
export interface Lowered {
  readonly pieces: readonly Piece[];
  readonly main: number;
  readonly handlers: readonly number[];
  /** 16-bit instructions that stores from outside may change. */
  readonly slots: readonly number[];
}
/** Each is on when so many bits from `bit` on are 0. */
export const OPTIONS = {
  fpOff: [0, 3],
  ownFaults: [3, 1],
  processStack: [4, 2],
  unprivileged: [6, 3],
  trapUnaligned: [9, 2],
  trapDivision: [11, 1],
  noTick: [12, 3],
  caches: [15, 1],
  flashTimed: [16, 1],
  flashCache: [17, 1],
  mpu: [18, 3],
  stackLimit: [21, 3],
  masked: [24, 3],
} as const;
export function has(p: Program, o: keyof typeof OPTIONS): boolean {
  const [bit, of] = OPTIONS[o];
  return ((p.options >>> bit) & (2 ** of - 1)) === 0;
}

const rowCache = new Map<CoreName, { readonly rows: readonly Row[]; readonly decoder: Decoder }>();
function instructionsOf(core: CoreName) {
  let known = rowCache.get(core);
  if (!known) {
    const profile = PROFILES[core];
    rowCache.set(core, (known = { rows: rowsOf(profile), decoder: new Decoder(profile) }));
  }
  return known;
}
const LEFT_OUT = /^(B|B_cond|BL|BX|BLX|CBZ|TBB|TBH|IT|UDF|MOV_pc|ADD_pc|LDR_pc|LDM_pc|ADD_SP|FP_undefined|COPROC)$/;
/** Fields of general registers that must stay: fuel, SP, LR. */
const KEPT = new Set([7, 13, 14]);

/** An instruction that neither branches nor writes R7, SP or LR; NOP if none was found. */
function anyInstruction(core: CoreName, seed: number, fp: boolean): number[] {
  const { rows, decoder } = instructionsOf(core);
  const r = new Random(seed);
  for (let i = 0; i < 400; i++) {
    const row = r.pick(rows);
    const words = halfwords(randomBits(r, row), row.pattern.length === 32);
    const ins = decoder.decode(words[0]!, words[1] ?? 0);
    if (!ins) continue;
    const d = ins.decoded;
    const o = OPS.get(d.op)!;
    if (o.system || LEFT_OUT.test(d.op) || o.fp !== fp) continue;
    const field = (k: string): number => d[k as 'a' | 'b' | 'c' | 'd'] ?? 0;
    if ([...o.dest].some((k) => KEPT.has(field(k)))) continue;
    if ((d.op === 'LDM' && (d.imm! & 0x6080) !== 0) || (d.op === 'STM' && KEPT.has(d.a!))) continue;
    const stores = o.timing.includes('store') || o.timing === 'exclusive';
    if (stores && [...o.src].some((k) => field(k) === 13)) continue;
    if (/load|store|exclusive/.test(o.timing) && r.below(4) !== 0) continue;
    return words;
  }
  return [0xbf00];
}

class Lowering {
  private readonly core: CoreName;
  private readonly program: Program;
  private readonly v6: boolean;
  private readonly addresses: number[] = [];
  readonly slots: number[] = [];
  private a!: ThumbAssembler;
  /** Calls go from functions to later ones only. */
  private index = 0;
  private leaf = false;

  constructor(core: CoreName, program: Program) {
    this.core = core;
    this.program = program;
    this.v6 = core === 'm0';
    [program.main, ...program.functions, ...program.handlers].forEach((f, i) => {
      this.addresses.push(areas[f.where]! + i * 0x900 + 2 * f.shift);
    });
  }
  run(): Lowered {
    const { program } = this;
    const pieces: Piece[] = [{ address: FAULT_HANDLER, code: this.faultHandler() }];
    [program.main, ...program.functions, ...program.handlers].forEach((f, i) => {
      this.a = new ThumbAssembler(this.addresses[i]!, this.v6);
      this.index = i;
      if (i === MAIN) this.mainFunction(f);
      else if (i >= HANDLERS) this.handler(f, i - HANDLERS);
      else this.function(f);
      if (2 * this.a.code.length > FUNCTION_BYTES) throw new Error('a random function is longer than its place');
      pieces.push({ address: this.addresses[i]!, code: this.a.code });
    });
    return { pieces, main: this.addresses[MAIN]!, handlers: this.addresses.slice(HANDLERS), slots: this.slots };
  }

  // ---- functions -------------------------------------------------------------------------------------------------------------------
  /** Steps over the instruction that faulted, or starts again if it was fetched from somewhere else. */
  private faultHandler(): number[] {
    const a = (this.a = new ThumbAssembler(FAULT_HANDLER, this.v6));
    const [main, go, good, short] = [a.label(), a.label(), a.label(), a.label()];
    a.put(0x4670, 0x0740); // MOV R0, LR; LSLS R0, R0, #29
    a.branch(main, 5, true);
    a.put(0xf3ef, 0x8009); // MRS R0, PSP
    a.branch(go, 14, true);
    a.bind(main);
    a.put(0xf3ef, 0x8008); // MRS R0, MSP
    a.bind(go);
    a.put(0x6981, 0x0e0a); // LDR R1, [R0, #24]; LSRS R2, R1, #24
    for (const high of [FLASH, RAM, ROM]) {
      a.put(0x2a00 | (high >>> 24));
      a.branch(good, EQ, true);
    }
    a.constant(1, this.addresses[MAIN]! - 2);
    a.put(0x2200, 0x6102); // R12 of the frame = 0: MOVS R2, #0; STR R2, [R0, #16]
    a.branch(short, 14, true);
    a.bind(good);
    a.put(0x0849, 0x0049, 0x880a, 0x0ad2, 0x2a1d); // clear bit 0; LDRH R2, [R1]; LSRS R2, R2, #11; CMP R2, #29
    a.branch(short, 3, true);
    a.put(0x3102);
    a.bind(short);
    a.put(0x3102, 0x6181); // ADDS R1, #2; STR R1, [R0, #24]
    a.put(0x69c1, 0x2301, 0x061b, 0x4319); // xPSR: T = 1, IT = 0
    a.constant(2, 0xf90f03ff);
    a.put(0x4011, 0x61c1); // ANDS R1, R2; STR R1, [R0, #28]
    a.put(0x4770);
    return a.code;
  }
  private write(address: number, value: number): void {
    this.a.constant(6, address);
    this.a.constant(1, value >>> 0);
    this.a.put(0x6031);
  }
  private mainFunction(f: Func): void {
    const { a, program: p } = this;
    // begins where a fault that cannot be stepped over goes on, too
    a.constant(0, STACK);
    if (has(p, 'processStack')) {
      a.constant(2, PROCESS_STACK);
      a.put(0xf382, 0x8809, 0xf3ef, 0x8314); // MSR PSP, R2; MRS R3, CONTROL
      a.put(0x2202, 0x4313, 0xf383, 0x8814, 0xf3bf, 0x8f6f); // CONTROL.SPSEL = 1; ISB
    } else a.put(0x4685); // MOV SP, R0
    if (this.core === 'm33' && has(p, 'stackLimit')) {
      a.constant(0, STACK - 0x300);
      a.put(0xf380, 0x880a); // MSR MSPLIM, R0
    }
    if (this.core !== 'm0') {
      if (!has(p, 'fpOff')) this.write(CPACR, 0xf00000);
      if (has(p, 'ownFaults')) this.write(SHCSR, 0x70000);
      this.write(CCR, 0x200 | (has(p, 'trapUnaligned') ? 8 : 0) | (has(p, 'trapDivision') ? 16 : 0));
    }
    if (!has(p, 'noTick')) {
      this.write(SYST_CSR + 4, p.tick);
      this.write(SYST_CSR, p.seed & 4 ? 7 : 3);
    }
    this.write(0xe000_e100, 0xff);
    a.put(has(p, 'masked') ? 0xb672 : 0xb662);
    const r = new Random(p.seed);
    for (const rd of [0, 1, 2, 3, 4, 5])
      a.constant(rd, [r.below(256), r.u32(), DATA + 4 * r.below(200), 0x8000_0000 >>> r.below(32)][r.below(4)]!);
    if (has(p, 'unprivileged') && this.core !== 'm0') a.put(0xf3ef, 0x8314, 0x2201, 0x4313, 0xf383, 0x8814, 0xf3bf, 0x8f6f);
    const top = a.bound();
    a.constant(6, FUEL);
    a.constant(1, 1 + (p.seed % 90));
    a.put(0x6031);
    this.leaf = false;
    this.body(f.body);
    a.branch(top);
  }
  private function(f: Func): void {
    const { a } = this;
    const form = f.form;
    this.leaf = form === 1 || form === 6;
    switch (form) {
      case 1:
      case 6:
        this.body(f.body);
        a.put(0x4770);
        return;
      case 2:
      case 7: {
        // recursion: PUSH {R4, LR}; if (--*FUEL < 0) return
        const end = a.label();
        a.put(0xb510);
        a.constant(6, FUEL);
        a.put(0x6831, 0x3901, 0x6031);
        a.branch(end, 4);
        this.body(f.body);
        a.bl(this.addresses[this.index]!);
        a.put(0x3101);
        a.bind(end);
        a.put(0xbd10);
        return;
      }
      case 3:
        // returns behind the 16-bit instruction that follows the call
        a.put(0xb500);
        this.body(f.body);
        a.put(0xbc02, 0x3102, 0x4708);
        return;
      case 4: {
        // tail call
        const next = this.index + 1;
        a.put(0xb510);
        this.body(f.body);
        if (next >= HANDLERS) {
          a.put(0xbd10);
          return;
        }
        a.put(0xbc18, 0x469e); // POP {R3, R4}; MOV LR, R3
        const to = this.addresses[next]!;
        if (!this.v6 && to >>> 24 === a.base >>> 24 && f.shift & 1) a.jump(to);
        else {
          a.constant(3, to + 1);
          a.put(0x4718);
        }
        return;
      }
      case 5:
        a.put(0xb510);
        this.body(f.body);
        a.put(0xbc18, 0x4720); // POP {R3, R4}; BX R4
        return;
      default:
        a.put(0xb530);
        this.body(f.body);
        a.put(0xbd30);
    }
  }
  private handler(f: Func, which: number): void {
    const { a } = this;
    this.index = f.form & 1 ? 2 : HANDLERS;
    this.leaf = (f.form & 1) === 0;
    a.put(...(this.leaf && f.form & 2 ? [0xb440] : [0xb550])); // PUSH {R6} or {R4, R6, LR}
    if (which === 3) {
      a.constant(6, DEVICE + 12);
      a.put(0x6036);
    }
    this.body(f.body);
    if (this.leaf && f.form & 2) a.put(0xbc40, 0x4770);
    else a.put(0xbd50);
  }

  // ---- statements --------------------------------------------------------------------------------------------------------------------
  private get full(): boolean {
    return 2 * this.a.code.length > ENOUGH;
  }
  private body(list: readonly Node[]): void {
    for (const n of list) if (!this.full) this.node(n);
  }
  private node(n: Node): void {
    const { a } = this;
    switch (n.k) {
      case 'any':
        return a.put(...anyInstruction(this.core, n.seed, false));
      case 'fp':
        return a.put(...anyInstruction(this.core, n.seed, this.core !== 'm0'));
      case 'memory':
        return this.memory(n.place, n.offset, n.seeds);
      case 'poll':
        return this.poll(POLLED[n.what]!, new Random(n.seed));
      case 'it':
        return this.itBlock(n);
      case 'if':
        return this.ifElse(n);
      case 'loop':
        return this.loop(n.form, n.n, n.body);
      case 'graph':
        return this.graph(n);
      case 'table':
        return this.table(n.form, n.cases);
      case 'call':
        return this.call(n.how, n.to);
      case 'patch':
        return this.patch(n.form, n.value);
      case 'system':
        return this.system(n.what, n.value);
    }
  }

  private memory(place: number, offset: number, seeds: readonly number[]): void {
    const { a } = this;
    const [address, loadsOnly] = this.place(place, offset);
    a.constant(6, address);
    for (const seed of seeds) a.put(...access(this.core, seed, loadsOnly));
  }
  /** Half-words and bytes are loaded from all places of the word; the value is mixed into another register. */
  private poll(address: number, r: Random): void {
    const { a } = this;
    const rt = r.below(6);
    const size = r.pick([4, 4, 4, 2, 1]);
    a.constant(6, address + (size === 4 ? 0 : size * r.below(4 / size)));
    const narrow = { 4: 0x6800, 2: 0x8800, 1: 0x7800 }[size]!;
    const wide = { 4: [0xf8d0, 0xf850], 2: [0xf9b0, 0xf830], 1: [0xf990, 0xf910] }[size]!;
    if (this.v6 || r.below(2) === 0) a.put(narrow | (6 << 3) | rt);
    else if (r.below(2) === 0) a.put(wide[0]! | 6, rt << 12);
    else a.put(wide[1]! | 6, (rt << 12) | 0xb00 | r.below(16));
    a.put(0x4040 | (rt << 3) | ((rt + 1) % 6));
  }
  private place(place: number, offset: number): [address: number, loadsOnly: boolean] {
    switch (place) {
      case 8:
      case 9:
        return [DATA + offset, false];
      case 10:
      case 11:
        return [RAM + 0x2000 - 0x20 + (offset & 0x3f), false];
      case 12:
      case 13:
        return [RAM + 0xd000 + 32 * offset, false];
      case 14:
      case 15:
        return [FLASH + 0x6000 + (offset & 0x3c), false];
      case 16:
        return [HOLE + offset, false];
      case 17:
      case 18:
      case 19:
        return [DEVICE + (offset & 0x1c), false];
      case 20:
      case 21:
        return [[SYST_CSR + 8, SYST_CSR, 0xe000_1004, ICSR, CCR, 0xe000_ed28, NVIC_ISPR, 0xe000_ef34][offset & 7]!, true];
      case 22:
      case 23:
        return [(this.a.here & ~3) + 2 * (offset & 30) - 16, true];
      case 24:
        return [RAM + RAM_BYTES - 16 + (offset & 31), false];
      case 25:
      case 26:
        return [RAM_ALIAS + 0x1000 + 4 * (offset & 63), false];
      case 27:
        return [0x2200_0000 + 0x1000 * 32 + 4 * offset, false];
      case 28:
        return [STACK - 0x200 + 4 * (offset & 15), true];
      case 29:
        return [ROM + 4 * offset, true];
      default:
        return [DATA + 4 * offset, false];
    }
  }

  private itBlock(n: Node & { k: 'it' }): void {
    const { a } = this;
    if (this.v6) return a.put(...anyInstruction(this.core, n.seeds[0]!, false));
    const length = 4 - Math.log2(n.mask & -n.mask);
    // the last one may leave the block
    const { tail } = n;
    const near = this.target(n.seeds[3]! & 3, true);
    a.put(0xbf00 | (n.cond << 4) | n.mask);
    for (let i = 0; i < length - 1; i++) a.put(...this.conditional(n.seeds[i]!));
    if (tail === 1) {
      // B over the next instruction
      const over = a.label();
      a.branch(over, 14, true);
      a.put(...anyInstruction(this.core, n.seeds[3]!, false));
      a.bind(over);
    } else if (tail === 2 && near !== null) a.bl(near);
    else if (tail === 3) a.put(0xde00);
    else if (tail === 4) a.put(0xdf05);
    else a.put(...this.conditional(n.seeds[length - 1]!));
  }
  private conditional(seed: number): number[] {
    switch (seed & 7) {
      case 0:
        return [0x2800 | ((seed >>> 8) & 0x5ff)];
      case 1:
        return access(this.core, seed >>> 3, false);
      case 2:
        return anyInstruction(this.core, seed, true);
      default:
        return anyInstruction(this.core, seed, false);
    }
  }

  private compare(form: number): void {
    const { a } = this;
    if (form & 1)
      a.put(0x4280 | ((form & 6) << 2) | ((form >>> 3) & 7)); // CMP
    else if (form & 2)
      a.put(0x4200 | (1 << 3)); // TST R0, R1
    else if (form & 4) a.put(0x2800 | (((form >>> 3) & 3) << 8) | 0x40);
  }
  private ifElse(n: Node & { k: 'if' }): void {
    const { a } = this;
    const emit = (narrow: boolean): void => {
      const [otherwise, end] = [a.label(), a.label()];
      if (narrow && n.form >= 6 && !this.v6) a.cbz(otherwise, n.cond & 7, n.form === 6);
      else a.branch(otherwise, n.cond, narrow);
      this.body(n.then);
      if (n.otherwise.length > 0) a.branch(end);
      a.bind(otherwise);
      this.body(n.otherwise);
      a.bind(end);
    };
    this.compare(n.form * 3 + n.cond);
    const slots = this.slots.length;
    if (a.attempt(() => emit(true))) return;
    this.slots.length = slots;
    emit(false);
  }

  private loop(form: number, n: number, body: readonly Node[]): void {
    const { a } = this;
    a.put(0xb480); // PUSH {R7}
    const top = a.label();
    const back = (cond: number): void => {
      if (!a.attempt(() => a.branch(top, cond, true))) a.branch(top, cond);
    };
    switch (form) {
      case 1:
        a.put(0x2700 | n);
        a.bind(top);
        this.body(body);
        a.put(0x3f01, 0x2f00);
        back(12);
        break;
      case 2: {
        const end = a.label();
        a.put(0x2700 | n);
        a.bind(top);
        const slots = this.slots.length;
        const emit = (narrow: boolean): void => {
          if (narrow && !this.v6) a.cbz(end, 7, false);
          else {
            a.put(0x2f00);
            a.branch(end, EQ);
          }
          a.put(0x3f01);
          this.body(body);
          back(14);
          a.bind(end);
        };
        if (!a.attempt(() => emit(true))) {
          this.slots.length = slots;
          emit(false);
        }
        break;
      }
      case 3:
      case 6:
        a.put(0x2700);
        a.bind(top);
        this.body(body);
        a.put(0x3701, 0x2f00 | n);
        back(form === 3 ? 11 : 3);
        break;
      case 4:
        a.put(0x2700 | n);
        a.bind(top);
        this.body(body);
        if (this.v6) {
          a.put(0x3f01);
          back(NE);
        } else {
          // SUBS.W R7, R7, #1; IT NE; BNE top
          a.put(0xf1b7, 0x0701, 0xbf18);
          a.branch(top, 14, a.code.length - top.at < 900);
        }
        break;
      case 5:
        // a counter in memory, as without optimisation
        a.put(0x2700 | n, 0xb082, 0x9701);
        a.bind(top);
        this.body(body);
        a.put(0x9f01, 0x3f01, 0x9701, 0x9f01, 0x2f00);
        back(NE);
        a.put(0xb002);
        break;
      default:
        a.put(0x2700 | n);
        a.bind(top);
        this.body(body);
        a.put(0x3f01);
        back(NE);
    }
    a.put(0xbc80);
  }

  private graph(n: Node & { k: 'graph' }): void {
    const { a } = this;
    a.put(0xb480, 0x2700 | n.fuel);
    const labels = n.blocks.map(() => a.label());
    const end = a.label();
    const at = (i: number): (typeof labels)[number] => labels[i % labels.length]!;
    this.compare(n.fuel);
    a.branch(at(n.entries[0]), n.fuel % 14);
    a.branch(at(n.entries[1]));
    n.blocks.forEach((b, i) => {
      a.bind(labels[i]!);
      this.body(b.body);
      a.put(0x3f01);
      a.branch(end, EQ);
      if (b.cond & 1)
        a.put(0x07fd); // LSLS R5, R7, #31
      else this.compare(b.cond * 5 + b.to);
      a.branch(at(b.to), b.cond);
      if (i + 1 < labels.length && at(b.other) === labels[i + 1]) return;
      a.branch(at(b.other));
    });
    a.bind(end);
    a.put(0xbc80);
  }

  private table(form: number, cases: readonly (readonly Node[])[]): void {
    const { a } = this;
    const end = a.label();
    // LSLS R5, Rn, #30; LSRS R5, R5, #30: 0…3
    a.put(0x0785 | ((form & 3) << 3), 0x0fad);
    if (cases.length < 4) {
      a.put(0x2d00 | cases.length);
      a.branch(end, 2);
    }
    const slots = this.slots.length;
    const each = (): ReturnType<ThumbAssembler['label']>[] =>
      cases.map((body) => {
        const here = a.bound();
        this.body(body);
        a.branch(end);
        return here;
      });
    const bytes = (): void => {
      a.put(0xe8df, 0xf005);
      a.tableOfBytes(cases.length)(each());
    };
    const halves = (): void => {
      const labels = cases.map(() => a.label());
      a.put(0xe8df, 0xf015);
      a.tableOfHalfwords(labels);
      cases.forEach((body, i) => {
        a.bind(labels[i]!);
        this.body(body);
        a.branch(end);
      });
    };
    if (this.v6 || form >= 4) {
      // ADD PC, R5 into a list of branches
      const labels = cases.map(() => a.label());
      a.put(0x006d, 0x44af, 0xbf00);
      for (const l of labels) a.branch(l, 14, true);
      cases.forEach((body, i) => {
        a.bind(labels[i]!);
        this.body(body);
        a.branch(end);
      });
    } else if (form & 1 || !a.attempt(bytes)) {
      this.slots.length = slots;
      halves();
    }
    a.bind(end);
  }

  private target(to: number, near: boolean): number | null {
    if (this.leaf) return null;
    const i = this.index + 1 + to;
    if (i >= HANDLERS) return null;
    const address = this.addresses[i]!;
    return near && address >>> 24 !== this.a.base >>> 24 ? null : address;
  }
  private call(how: number, to: number): void {
    const { a } = this;
    const near = this.target(to, true);
    const any = this.target(to, false);
    if (any === null) return;
    if (how < 4 && near !== null) a.bl(near);
    else if (how === 4 && near !== null && !this.v6) {
      a.put(0xbf18);
      a.bl(near);
    } else {
      // an even address once in a while: INVSTATE
      a.constant(3, any + (how === 7 && to === 3 ? 0 : 1));
      if (how === 5 && !this.v6) a.put(0xbf08);
      a.put(0x4798);
    }
    a.put(0x3101);
  }

  private patch(form: number, value: number): void {
    const { a } = this;
    const barriers = (): void => {
      if (form & 8) a.put(0xf3bf, 0x8f4f, 0xf3bf, 0x8f6f);
    };
    const alias = a.base >= RAM && a.base < RAM + RAM_BYTES && form & 16 ? RAM_ALIAS - RAM : 0;
    /** MOVS R2, #n; ADDS R2, #n; B over 0 to 3 instructions; UDF; NOP */
    const choices = [0x2200 | (value & 0xff), 0x3200 | (value & 0xff), 0xe000 | (value & 1), 0xde00, 0xbf00, 0x4252, 0x3a01, 0x0040];
    const slot = (): void => {
      this.slots.push(a.here);
      a.put(0x2205, 0x3201, 0xbf00);
    };
    const store = (address: number): void => {
      a.constant(6, address + alias);
      if (form & 4)
        a.put(0x7030); // STRB R0, [R6]
      else {
        a.constant(1, choices[(value >>> 8) & 7]!);
        a.put(0x8031); // STRH R1, [R6]
      }
      barriers();
    };
    if (form & 1) {
      slot();
      store(a.here - 6);
    } else {
      // the store's length is known: constants are of one size
      const length = (this.v6 ? 14 : 8) * (form & 4 ? 1 : 2) + 2 + (form & 8 ? 8 : 0);
      store(a.here + length);
      slot();
    }
  }

  private system(what: number, value: number): void {
    const { a } = this;
    const v7 = !this.v6;
    switch (what) {
      case 0:
      case 1:
      case 2:
        return a.put(0xdf00 | value);
      case 3:
      case 4:
        return this.write(ICSR, 1 << 28);
      case 5:
        return a.put(0xb672);
      case 6:
      case 7:
      case 8:
        return a.put(0xb662);
      case 9:
      case 10:
        return a.put(0xbf30);
      case 11:
        return a.put(0xbf40, 0xbf20);
      case 12:
        return a.put(0xbf20);
      case 13:
        return a.put(0xf3bf, 0x8f4f, 0xf3bf, 0x8f6f);
      case 14:
        return a.put(0xf3bf, 0x8f5f);
      case 15:
        return a.put(0xf3ef, 0x8100 | [0, 5, 16, 20, 3, 8, 9, v7 ? 17 : 16][value & 7]!);
      case 16:
        return a.put(0xf381, 0x8800);
      case 17:
        if (!v7) return a.put(0xb672, 0xb662);
        return a.put(0x2100 | (value & 0xf0 & (value << 4)), 0xf381, 0x8811); // BASEPRI
      case 18:
        return a.put(0xde00);
      case 19:
        return a.put(0xbe01);
      case 20:
      case 21:
        return this.write(SYST_CSR + 4, 40 + value * 8);
      case 22:
        return this.write(SYST_CSR + 8, 0);
      case 23:
        return v7 ? this.write(CCR, 0x200 | (value & 0x18)) : undefined;
      case 24:
      case 25:
        return v7 && has(this.program, 'mpu') ? this.write(MPU_CTRL, value & 1 ? 5 : 0) : undefined;
      case 26:
      case 27:
        return this.write(NVIC_ISPR, 1 << (value & 3));
      case 28:
        return v7 ? a.put(value & 1 ? 0xb671 : 0xb661) : undefined;
      case 29:
        return v7 ? a.put(0xf7f0, 0xa000) : a.put(0xde01);
      case 30:
        return v7 ? a.put(0xf3bf, 0x8f2f) : undefined;
      case 31:
      case 32:
        return this.write(DEVICE + 8, 40 + value * 5);
      case 33:
        return v7 ? this.write(0xe000_ef34, value & 1 ? 0xc000_0000 : value & 2 ? 0x8000_0000 : 0) : undefined;
      case 34:
        return v7 ? a.put(0xf3af, 0x8000) : a.put(0xbf10);
      case 35:
        // stacked R0 of the exception, or some word of the stack
        return a.put(0x9803, 0x3001, 0x9003);
      default:
        return a.put(...anyInstruction(this.core, 977 * value + what, false));
    }
  }
}

/** A load or store with base R6. */
function access(core: CoreName, seed: number, loadsOnly: boolean): number[] {
  const r = new Random(seed);
  const rt = r.below(6);
  const n = 6;
  const imm8 = r.below(6);
  const narrow = (load: number, store: number): number[] => [(loadsOnly || r.below(2) ? load : store) | (r.below(8) << 6) | (n << 3) | rt];
  const list = (r.u32() & 0x3f) | 1;
  const loads = loadsOnly || r.below(2) === 0;
  const kind = r.below(core === 'm0' ? 4 : 16);
  switch (kind) {
    case 0:
      return narrow(0x6800, 0x6000);
    case 1:
      return narrow(0x7800, 0x7000);
    case 2:
      return narrow(0x8800, 0x8000);
    case 3:
      return [(loads ? 0xc800 : 0xc000) | (n << 8) | list];
    case 4: {
      const op = r.pick(loads ? [0xf8d0, 0xf890, 0xf8b0, 0xf990, 0xf9b0] : [0xf8c0, 0xf880, 0xf8a0]);
      return [op | n, (rt << 12) | r.below(16)];
    }
    case 5:
    case 6: {
      const op = r.pick(loads ? [0xf850, 0xf810, 0xf830, 0xf910, 0xf930] : [0xf840, 0xf800, 0xf820]);
      // offset −, post-indexed −+, unprivileged, pre-indexed −+
      return [op | n, (rt << 12) | 0x800 | r.pick([0x400, 0x100, 0x300, 0x600, 0x500, 0x700]) | imm8];
    }
    case 7:
    case 8: {
      const form = r.pick([0x180, 0x100, 0x120, 0x1a0, 0x20, 0xa0]);
      return [(loads ? 0xe850 : 0xe840) | form | n, (rt << 12) | (((rt + 1 + r.below(4)) % 6) << 8) | imm8];
    }
    case 9:
    case 10: {
      const w = r.below(2) << 5;
      const many = list | (r.below(2) ? 0x1f00 : 0x800);
      return [(loads ? 0xe810 : 0xe800) | r.pick([0x80, 0x100]) | w | n, many & ~(1 << n)];
    }
    case 11:
      return loads ? [0xe850 | n, (rt << 12) | 0xf00 | imm8] : [0xe840 | n, (rt << 12) | (((rt + 1) % 6) << 8) | imm8];
    case 12:
      // LDR, STR Rt, [R6, R0, LSL #n]: far away unless R0 is small
      return [(loads ? 0xf850 : 0xf840) | n, (rt << 12) | (r.below(4) << 4)];
    case 13:
      return [(loads ? 0xed90 : 0xed80) | n, (r.below(8) << 12) | (r.below(2) ? 0xa00 : 0xb00) | imm8];
    case 14:
      return [(loads ? 0xecb0 : 0xeca0) | n, (r.below(4) << 12) | 0xa00 | (1 + r.below(8))];
    default:
      return [(loads ? 0xecb0 : 0xeca0) | n, (r.below(4) << 12) | 0xb00 | (2 + 2 * r.below(4))];
  }
}

export const lower = (core: CoreName, program: Program): Lowered => new Lowering(core, program).run();
