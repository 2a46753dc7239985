/** A core in Arm's words, for what stands outside of it: the bench, debuggers, the library. They know no offsets of the state. */
import type { Cpu } from '../cpu.ts';
import { S } from '../state.ts';
import { heldBack } from './nvic.ts';
import { SCS } from './scs-state.ts';

/** What a core waits for that executes nothing. */
export type Waiting = 'no' | 'lockup' | 'wfi' | 'wfe';
const WAITING: readonly Waiting[] = ['no', 'lockup', 'wfi', 'wfe'];

/** What a call from outside has to put back: R0 to R3, R12, LR, flags and IT. */
const CALLER_SAVED = [S.R, S.R + 4, S.R + 8, S.R + 12, S.R + 48, S.LR, S.NF, S.ZF, S.CF, S.VF, S.QF, S.GE, S.IT];

export class ArmView {
  private readonly cpu: Cpu;
  constructor(cpu: Cpu) {
    this.cpu = cpu;
  }

  /** R0 to R12. */
  r(n: number): number {
    return this.cpu.get(S.R + 4 * n);
  }
  setR(n: number, value: number): void {
    this.cpu.set(S.R + 4 * n, value);
  }
  /** The stack pointer that is in use. */
  get sp(): number {
    return this.cpu.get(S.SP) >>> 0;
  }
  get lr(): number {
    return this.cpu.get(S.LR);
  }
  set lr(value: number) {
    this.cpu.set(S.LR, value >>> 0);
  }
  /** Number of the exception that is being handled, 0 in Thread mode. */
  get ipsr(): number {
    return this.cpu.get(S.IPSR);
  }
  get primask(): number {
    return this.cpu.get(S.PRIMASK);
  }
  get faultmask(): number {
    return this.cpu.get(S.FAULTMASK);
  }
  get basepri(): number {
    return this.cpu.get(S.BASEPRI);
  }
  /** Number of the exception that is pending, enabled and held back by these masks alone; 0: there is none. */
  get heldBack(): number {
    return heldBack(this.cpu);
  }
  get control(): number {
    return this.cpu.get(S.CONTROL);
  }
  get ccr(): number {
    return this.cpu.get(S.CCR);
  }
  /** A limit of a stack pointer is set (v8-M). */
  get hasStackLimit(): boolean {
    return [S.SPLIM, S.MSPLIM, S.PSPLIM].some((limit) => this.cpu.get(limit) !== 0);
  }
  /** S0 to S31 as raw bits. */
  s(n: number): number {
    return this.cpu.get(S.FP + 4 * n) >>> 0;
  }
  setS(n: number, bits: number): void {
    this.cpu.set(S.FP + 4 * n, bits);
  }
  /** Thread mode on MSP, privileged, without an FP context, a mask or an IT block. */
  get isPlainThread(): boolean {
    return [S.IPSR, S.CONTROL, S.PRIMASK, S.FAULTMASK, S.BASEPRI, S.IT].every((offset) => this.cpu.get(offset) === 0);
  }
  /** A load-exclusive waits for its store. */
  get exclusiveOpen(): boolean {
    return this.cpu.get(S.EXCLUSIVE_OPEN) !== 0;
  }
  get waiting(): Waiting {
    return WAITING[this.cpu.get(S.HALTED)]!;
  }
  /** EPSR.T: 0 is a UsageFault (HardFault on v6-M) at the next instruction. */
  set thumb(bit: number) {
    this.cpu.set(S.T, bit & 1);
  }
  /** EPSR.IT = 0: the next instruction is in no IT block. */
  leaveItBlock(): void {
    this.cpu.set(S.IT, 0);
  }
  /** Thread mode with no exception active: what an exception handler that never returns leaves behind is gone. What it has held back comes. */
  leaveHandlers(): void {
    this.cpu.set(S.IPSR, 0);
    for (let word = 0; word < 16; word++) this.cpu.set(S.NVIC_ACTIVE + 4 * word, 0);
    this.cpu.set(SCS.SYS_ACTIVE, 0);
    this.cpu.interruptsChanged();
  }
  /** Out of any wait, lock-up included. */
  resume(): void {
    this.cpu.set(S.HALTED, 0);
  }
  /** What a procedure call may change (AAPCS) and the flags. */
  saveCall(): number[] {
    return CALLER_SAVED.map((offset) => this.cpu.get(offset));
  }
  restoreCall(saved: readonly number[]): void {
    saved.forEach((value, i) => this.cpu.set(CALLER_SAVED[i]!, value));
  }
}
