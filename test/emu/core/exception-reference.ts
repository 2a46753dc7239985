/**
 * Exceptions as the pseudocode of the Arm ARMs has them (DDI 0403E B1.5, DDI 0419C B1.5, DDI 0553B B3 without the Security Extension), over plain numbers: entry, return, faults with
 * their status bits, escalation, lockup, FP context. Written apart from the core, to be compared with it.
 */
export const [NMI, HARDFAULT, MEMMANAGE, BUSFAULT, USAGEFAULT, SVCALL, DEBUGMONITOR] = [2, 3, 4, 5, 6, 11, 12];
export type Arch = 'v6m' | 'v7m' | 'v8m';
/** Cycles of an entry, a return and a tail-chain; more with FP registers; a lazy save. */
export interface Cycles {
  readonly entry: number;
  readonly return: number;
  readonly tailChain: number;
  readonly fp: number;
  readonly lazy: number;
}
/** What firmware and a debugger can see of a core. All words are unsigned. */
export interface CoreWords {
  /** R0…R12. */
  r: number[];
  lr: number;
  pc: number;
  msp: number;
  psp: number;
  /** APSR with GE. */
  flags: number;
  it: number;
  t: number;
  ipsr: number;
  nPriv: number;
  spsel: number;
  fpca: number;
  primask: number;
  faultmask: number;
  basepri: number;
  msplim: number;
  psplim: number;
  /** S0…S15 and FPSCR. */
  s: number[];
  fpscr: number;
  fpccr: number;
  fpcar: number;
  fpdscr: number;
  cpacr: number;
  vtor: number;
  prigroup: number;
  ccr: number;
  scr: number;
  demcr: number;
  cfsr: number;
  hfsr: number;
  dfsr: number;
  mmfar: number;
  bfar: number;
  pending: number[];
  active: number[];
  enabled: number[];
  /** Lines that are high. */
  high: number[];
  event: number;
  /** 0: runs, 2: sleeps by WFI, 3: by WFE. */
  sleep: number;
  lockup: boolean;
}
class BusError extends Error {}
const NOTHING = 256;
const THREAD = 8;
const PROCESS = 4;
const NO_FP = 16;

/** Where a fault goes and what it sets. */
const FAULTS: Readonly<Record<string, readonly [exception: number, cfsr: number, address?: 'mmfar' | 'bfar']>> = {
  'bus-fetch': [BUSFAULT, 1 << 8],
  'bus-data': [BUSFAULT, 1 << 9, 'bfar'],
  'bus-data-imprecise': [BUSFAULT, 1 << 10],
  secure: [BUSFAULT, 1 << 9, 'bfar'],
  'mem-fetch': [MEMMANAGE, 1 << 0],
  'mem-data': [MEMMANAGE, 1 << 1, 'mmfar'],
  undefined: [USAGEFAULT, 1 << 16],
  'invalid-state': [USAGEFAULT, 1 << 17],
  'invalid-pc': [USAGEFAULT, 1 << 18],
  'no-coprocessor': [USAGEFAULT, 1 << 19],
  'stack-overflow': [USAGEFAULT, 1 << 20],
  unaligned: [USAGEFAULT, 1 << 24],
  'divide-by-zero': [USAGEFAULT, 1 << 25],
};
const [INVPC, NOCP, STKOF, STKERR, UNSTKERR, LSPERR] = [1 << 18, 1 << 19, 1 << 20, 1 << 12, 1 << 11, 1 << 13];

export class Reference {
  readonly w: CoreWords;
  cycles = 0;
  /** A store of a frame failed: what lies there is unknown. */
  brokenFrame = false;
  readonly stored = new Map<number, number>();
  private readonly arch: Arch;
  private readonly hasFpu: boolean;
  private readonly cost: Cycles;
  private readonly priorities: ReadonlyMap<number, number>;
  /** A word of memory, or null for a bus error. */
  private readonly peek: (address: number) => number | null;
  /** The handler of the running exception has not begun. */
  notBegun: boolean;

  constructor(
    w: CoreWords,
    how: { arch: Arch; hasFpu: boolean; cost: Cycles; priorities: ReadonlyMap<number, number>; notBegun: boolean },
    peek: (address: number) => number | null,
  ) {
    this.w = w;
    this.arch = how.arch;
    this.hasFpu = how.hasFpu;
    this.cost = how.cost;
    this.priorities = how.priorities;
    this.notBegun = how.notBegun;
    this.peek = peek;
  }

  // ---- memory
  private load(address: number): number {
    const value = this.stored.get(address) ?? this.peek(address);
    if (value === null) throw new BusError();
    return value;
  }
  private store(address: number, value: number): void {
    if (this.peek(address) === null) throw new BusError();
    this.stored.set(address, value >>> 0);
  }

  // ---- priorities
  private priority(e: number): number {
    return e === NMI ? -2 : e === HARDFAULT ? -1 : (this.priorities.get(e) ?? 0);
  }
  private group(priority: number): number {
    if (priority < 0 || priority === NOTHING || this.arch === 'v6m') return priority;
    return (priority >>> (this.w.prigroup + 1)) << (this.w.prigroup + 1);
  }
  private rawActive(): number {
    return Math.min(NOTHING, ...this.w.active.map((e) => this.group(this.priority(e))));
  }
  private running(withoutPrimask = false): number {
    const { w } = this;
    const masks = [
      ...(w.basepri === 0 ? [] : [this.group(w.basepri)]),
      ...(w.primask && !withoutPrimask ? [0] : []),
      ...(w.faultmask ? [-1] : []),
    ];
    return Math.min(this.rawActive(), ...masks);
  }
  private isEnabled(e: number): boolean {
    return (e < 16 && (e < MEMMANAGE || e > USAGEFAULT)) || this.w.enabled.includes(e);
  }
  private mostUrgent(): number {
    const ready = this.w.pending.filter((e) => this.isEnabled(e)).sort((a, b) => this.priority(a) - this.priority(b) || a - b);
    return ready[0] ?? 0;
  }
  private preempts(e: number, withoutPrimask = false): boolean {
    return e !== 0 && this.group(this.priority(e)) < this.running(withoutPrimask);
  }
  private pend(e: number): void {
    const { w } = this;
    if (w.pending.includes(e)) return;
    w.pending.push(e);
    if (w.scr & 0x10) w.event = 1;
  }
  private status(bits: number): void {
    if (this.arch !== 'v6m') this.w.cfsr = (this.w.cfsr | bits) >>> 0;
  }
  private hardStatus(bits: number): void {
    if (this.arch !== 'v6m') this.w.hfsr = (this.w.hfsr | bits) >>> 0;
  }

  // ---- faults
  fault(kind: string, address: number, pc: number): void {
    const { w } = this;
    w.pc = pc;
    if (kind === 'breakpoint') return this.breakpoint();
    const [exception, bits, far] = FAULTS[kind]!;
    this.status(bits);
    if (far && this.arch !== 'v6m') {
      w[far] = address;
      this.status(far === 'mmfar' ? 1 << 7 : 1 << 15);
    }
    const isData = exception === BUSFAULT && kind !== 'bus-fetch';
    // CCR.BFHFNMIGN: the instruction is passed over
    if (isData && w.ccr & 0x100 && this.running() < 0) w.pc = kind === 'bus-data-imprecise' ? pc : pc + this.sizeAt(pc);
    else this.synchronous(exception);
  }
  /** 0b11101 and above begin an instruction of four bytes. */
  private sizeAt(pc: number): number {
    const half = (this.load((pc & ~3) >>> 0) >>> (8 * (pc & 2))) & 0xffff;
    return half >>> 11 >= 0b11101 ? 4 : 2;
  }
  private breakpoint(): void {
    const { w } = this;
    if (this.arch !== 'v6m') w.dfsr |= 2;
    const monitors = this.arch !== 'v6m' && w.demcr & (1 << 16) && this.group(this.priority(DEBUGMONITOR)) < this.running();
    if (!monitors) this.hardStatus(2 ** 31);
    this.synchronous(monitors ? DEBUGMONITOR : HARDFAULT);
  }
  /** A bus fault that belongs to no instruction is an interrupt of its own. */
  imprecise(): void {
    this.status(1 << 10);
    if (!this.isEnabled(BUSFAULT)) this.hardStatus(1 << 30);
    this.pend(this.isEnabled(BUSFAULT) ? BUSFAULT : HARDFAULT);
  }
  call(next: number): void {
    this.w.pc = next;
    this.synchronous(SVCALL);
  }
  private synchronous(exception: number): void {
    this.notBegun = false;
    if (this.escalated(exception)) this.take();
    else this.lockup();
  }
  /** Pends it, or HardFault in its place; false where nothing can be taken. */
  private escalated(exception: number): boolean {
    const running = this.running();
    let e = exception;
    if (this.arch === 'v6m' && e < SVCALL) e = HARDFAULT;
    if (e !== HARDFAULT && (!this.isEnabled(e) || this.group(this.priority(e)) >= running)) {
      e = HARDFAULT;
      this.hardStatus(1 << 30);
    }
    if (e === HARDFAULT && running <= -1) return false;
    this.pend(e);
    return true;
  }
  private lockup(): void {
    this.w.lockup = true;
    this.w.pc = 0xfffffffe;
  }

  // ---- entry
  take(): void {
    const { w } = this;
    const e = this.mostUrgent();
    if (w.sleep === 3 && w.event) [w.event, w.sleep] = [0, 0];
    if (w.sleep === 2 && this.preempts(e, true)) w.sleep = 0;
    if (!this.preempts(e)) return;
    w.sleep = 0;
    if (this.notBegun) {
      // late arrival: the frame serves the one that came behind
      const first = w.ipsr;
      this.deactivate(first);
      this.pend(first);
    } else {
      this.cycles += this.cost.entry;
      this.push(w.ipsr === 0);
    }
    this.vector();
  }
  private vector(): void {
    const { w } = this;
    for (;;) {
      const e = this.mostUrgent();
      const handler = this.peek((w.vtor + 4 * e) >>> 0);
      if (handler === null) {
        this.hardStatus(2);
        if (e > HARDFAULT && this.running() > -1) {
          this.pend(HARDFAULT);
          continue;
        }
      }
      w.pending = w.pending.filter((x) => x !== e);
      if (!w.active.includes(e)) w.active.push(e);
      [w.ipsr, w.spsel, w.fpca, w.it, w.event] = [e, 0, 0, 0, 1];
      if (handler === null) return this.lockup();
      [w.t, w.pc] = [handler & 1, (handler & ~1) >>> 0];
      return;
    }
  }
  private get fpAllowed(): boolean {
    const access = (this.w.cpacr >>> 20) & 3;
    return access === 3 || (access === 1 && (this.w.ipsr !== 0 || this.w.nPriv === 0));
  }
  private push(thread: boolean): void {
    const { w } = this;
    const stack = thread && w.spsel ? 'psp' : 'msp';
    const fp = this.hasFpu && w.fpca === 1;
    const align = fp || w.ccr & 0x200 ? 4 : 0;
    const misaligned = (w[stack] & align) !== 0;
    const frame = ((w[stack] - (fp ? 0x68 : 0x20)) & ~align) >>> 0;
    const limit = stack === 'psp' ? w.psplim : w.msplim;
    if (this.arch === 'v8m' && frame < limit) {
      w[stack] = limit;
      this.status(STKOF);
      this.escalated(USAGEFAULT);
    } else {
      w[stack] = frame;
      try {
        const words = [...w.r.slice(0, 4), w.r[12]!, w.lr, w.pc, this.psr | (misaligned ? 0x200 : 0)];
        words.forEach((word, i) => this.store((frame + 4 * i) >>> 0, word));
        if (fp) this.pushFp((frame + 0x20) >>> 0, thread);
      } catch (e) {
        if (!(e instanceof BusError)) throw e;
        this.brokenFrame = true;
        this.status(STKERR);
        this.escalated(BUSFAULT);
      }
    }
    w.lr = this.excReturn((fp ? 0 : NO_FP) | (thread ? THREAD : 0) | (stack === 'psp' ? PROCESS : 0));
  }
  private excReturn(bits: number): number {
    return ((this.arch === 'v8m' ? 0xffffffa0 : 0xffffffe1) | bits) >>> 0;
  }
  private get psr(): number {
    const { w } = this;
    return (w.flags | ((w.it & 3) << 25) | ((w.it >>> 2) << 10) | (w.t << 24) | w.ipsr) >>> 0;
  }
  private pushFp(at: number, thread: boolean): void {
    const { w } = this;
    if (w.fpccr & (1 << 30)) {
      // lazily: what a fault of the late store may become is settled now
      const running = this.running();
      const ready = (e: number): boolean => this.isEnabled(e) && this.group(this.priority(e)) < running;
      const bits = [
        [true, 0],
        [thread && w.nPriv === 1, 1],
        [thread, 3],
        [running > -1, 4],
        [ready(MEMMANAGE), 5],
        [ready(BUSFAULT), 6],
        [(w.demcr & (1 << 16)) !== 0 && ready(DEBUGMONITOR), 8],
        [this.arch === 'v8m' && ready(USAGEFAULT), 10],
      ] as const;
      w.fpccr = bits.reduce((word, [on, bit]) => (on ? word | (1 << bit) : word), w.fpccr & ~0x77b) >>> 0;
      w.fpcar = (at & ~7) >>> 0;
    } else if (this.fpAllowed) {
      this.storeFp(at);
      this.cycles += this.cost.fp;
    } else {
      this.status(NOCP);
      this.escalated(USAGEFAULT);
    }
  }
  private storeFp(at: number): void {
    [...this.w.s, this.w.fpscr].forEach((word, i) => this.store((at + 4 * i) >>> 0, word));
  }

  // ---- return
  private deactivate(e: number): void {
    const { w } = this;
    w.active = w.active.filter((x) => x !== e);
    if (w.high.includes(e)) this.pend(e);
  }
  return(value: number): void {
    const { w } = this;
    const from = w.ipsr;
    const wasActive = w.active.includes(from);
    const nested = w.active.length;
    const clears = this.arch === 'v8m' ? this.rawActive() >= 0 : from !== NMI;
    if (wasActive) this.deactivate(from);
    if (clears) w.faultmask = 0;
    if (!wasActive || !this.isValid(value, nested)) return this.failedReturn(value, USAGEFAULT, INVPC);
    if (this.preempts(this.mostUrgent())) {
      this.cycles += this.cost.tailChain;
      w.lr = value;
      return this.vector();
    }
    this.pop(value, nested);
  }
  private isValid(value: number, nested: number): boolean {
    if (this.arch === 'v8m') return (value & 0x22) === 0x20 && (value | 0x7f) >>> 0 === 0xffffffff;
    // UNPREDICTABLE on Armv6-M, and there on products (RT-Thread): bit 0 is not looked at
    if (![1, 9, 13].includes((value & 15) | (this.arch === 'v6m' ? 1 : 0)) || ((value & NO_FP) === 0 && !this.hasFpu)) return false;
    if ((value & THREAD) === 0) return nested > 1;
    return nested === 1 || (this.arch === 'v7m' && (this.w.ccr & 1) === 1);
  }
  private failedReturn(value: number, exception: number, bits: number): void {
    this.status(bits);
    if (!this.escalated(exception)) return this.lockup();
    this.cycles += this.cost.tailChain;
    this.w.lr = value;
    this.vector();
  }
  private pop(value: number, nested: number): void {
    const { w } = this;
    const thread = (value & THREAD) !== 0;
    const stack = thread && value & PROCESS ? 'psp' : 'msp';
    const fp = this.hasFpu && (value & NO_FP) === 0;
    const isLazy = (w.fpccr & 1) === 1;
    const frame = w[stack];
    let words: number[] = [];
    let fpWords: number[] = [];
    try {
      words = Array.from({ length: 8 }, (_, i) => this.load((frame + 4 * i) >>> 0));
      if (fp && !isLazy && !this.fpAllowed) return this.failedReturn(value, USAGEFAULT, NOCP);
      if (fp && !isLazy) fpWords = Array.from({ length: 17 }, (_, i) => this.load((frame + 0x20 + 4 * i) >>> 0));
    } catch (e) {
      if (!(e instanceof BusError)) throw e;
      return this.failedReturn(value, BUSFAULT, UNSTKERR);
    }
    const psr = words[7]!;
    const isRight = ((psr & 0x1ff) === 0) === thread;
    if (!isRight && this.arch === 'v8m') return this.failedReturn(value, USAGEFAULT, INVPC);
    this.cycles += this.cost.return + (fpWords.length > 0 ? this.cost.fp : 0);
    if (fp && isLazy) w.fpccr = (w.fpccr & ~1) >>> 0;
    // CLRONRET: nothing of the handler's FP registers is left
    if (this.arch === 'v8m' && !fp && w.fpca && w.fpccr & (1 << 28)) [w.s, w.fpscr] = [w.s.map(() => 0), 0];
    if (fpWords.length > 0) [w.s, w.fpscr] = [fpWords.slice(0, 16), (fpWords[16]! & 0xf7c0009f) >>> 0];
    [w.r[0], w.r[1], w.r[2], w.r[3], w.r[12], w.lr] = words.slice(0, 6) as [number, number, number, number, number, number];
    const align = fp || (w.ccr & 0x200) !== 0;
    w[stack] = ((frame + (fp ? 0x68 : 0x20)) | (align && psr & 0x200 ? 4 : 0)) >>> 0;
    this.setPsr(psr);
    [w.spsel, w.fpca, w.pc, w.event] = [stack === 'psp' ? 1 : 0, fp ? 1 : 0, (words[6]! & ~1) >>> 0, 1];
    if (!isRight) {
      this.push(thread);
      return this.failedReturn(value, USAGEFAULT, INVPC);
    }
    if (thread && nested === 1 && w.scr & 2) w.sleep = 2;
  }
  private setPsr(psr: number): void {
    const { w } = this;
    const isV6 = this.arch === 'v6m';
    w.flags = (psr & (isV6 ? 0xf0000000 : 0xf80f0000)) >>> 0;
    const it = ((psr >>> 25) & 3) | ((psr >>> 8) & 0xfc);
    w.it = isV6 || (it & 15) === 0 ? 0 : it;
    w.t = (psr >>> 24) & 1;
    w.ipsr = psr & (isV6 ? 0x3f : 0x1ff);
  }

  // ---- FP context
  /** The first FP instruction of a handler or of a context; true if it may not run. */
  lateFp(): boolean {
    const { w } = this;
    if (!this.fpAllowed) return true;
    if (w.fpccr & 1) this.saveLate();
    if (w.fpccr >>> 31 && w.fpca === 0) {
      w.fpscr = ((w.fpscr & ~0x07c00000) | (w.fpdscr & 0x07c00000)) >>> 0;
      w.fpca = 1;
    }
    return false;
  }
  private saveLate(): void {
    const { w } = this;
    const { fpccr } = w;
    this.cycles += this.cost.lazy;
    this.notBegun = false;
    w.fpccr = (fpccr & ~1) >>> 0;
    try {
      this.storeFp(w.fpcar);
    } catch (e) {
      if (!(e instanceof BusError)) throw e;
      this.brokenFrame = true;
      this.status(LSPERR);
      if (fpccr & (1 << 6)) this.pend(BUSFAULT);
      else if (fpccr & (1 << 4)) {
        this.hardStatus(1 << 30);
        this.pend(HARDFAULT);
      } else return this.lockup();
      this.take();
    }
  }
}
