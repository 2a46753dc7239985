/**
 * Iterations of a program that sleeps between ticks of SysTick: from WFI through the handler and what follows it to the next WFI, on linear values (linear.ts). Exception entry
 * and return as in exceptions.ts for the plain case: thread code on an aligned MSP without FP context. Anything else gives up.
 */
import type { Profile } from '../core/builder.ts';
import type { DeviceAccess } from '../core/core-types.ts';
import { EXC_RETURN_FTYPE, EXC_RETURN_THREAD, excReturn } from '../core/arm/exceptions.ts';
import { giveUp, type Cell } from './linear.ts';
import { LinearDevices, type DeviceSurroundings } from './linear-devices.ts';
import { RETURN_ADDRESS, STACKED, XPSR } from './linear-handler.ts';
import { S } from '../core/state.ts';

const FRAME_BYTES = XPSR + 4;
const STKALIGN = 0x200;

export interface TickSurroundings extends DeviceSurroundings {
  /** SysTick's entry of the vector table. */
  readonly handler: number;
}

export class LinearTicks extends LinearDevices {
  /** The core is in WFI. */
  asleep = true;
  private readonly ticks: TickSurroundings;
  private readonly excReturn: number;
  private handling = false;

  /** `devices`: the iteration's reads of blocks, in order. */
  constructor(profile: Profile, around: TickSurroundings, pc: number, devices: readonly DeviceAccess[], cells: Iterable<Cell> = []) {
    super(profile, around, pc, devices, cells);
    this.ticks = around;
    this.excReturn = excReturn(profile.arch, EXC_RETURN_FTYPE | EXC_RETURN_THREAD);
  }

  /** SysTick interrupts the sleep. */
  tick(): void {
    if (!this.asleep || this.inItBlock) giveUp();
    this.asleep = false;
    this.handling = true;
    const frame = this.truth(this.reg(13)) - FRAME_BYTES;
    if ((frame & 7) !== 0) giveUp();
    STACKED.forEach((offset, i) => this.store(frame + 4 * i, 4, this.state(offset)));
    this.store(frame + RETURN_ADDRESS, 4, this.next);
    this.store(frame + XPSR, 4, this.flags());
    this.setReg(13, frame);
    this.setState(S.LR, this.excReturn);
    if ((this.ticks.handler & 1) === 0) giveUp();
    this.next = (this.ticks.handler & ~1) >>> 0;
  }
  protected override exceptionReturn(value: number): void {
    const frame = this.truth(this.reg(13));
    if (!this.handling || value !== this.excReturn) giveUp();
    this.handling = false;
    STACKED.forEach((offset, i) => this.setState(offset, this.load(frame + 4 * i, 4)));
    this.next = this.truth(this.load(frame + RETURN_ADDRESS, 4)) >>> 0;
    const psr = this.truth(this.load(frame + XPSR, 4));
    // the handler may have changed the frame
    if ((this.next & 1) !== 0 || (psr & (STKALIGN | IT_AND_NUMBER)) !== 0 || (psr & THUMB) === 0) giveUp();
    this.setFlags(psr);
    this.setReg(13, frame + FRAME_BYTES);
  }
  protected override system(op: string): void {
    if (op !== 'WFI') return super.system(op);
    if (this.handling) giveUp();
    this.asleep = true;
  }

  /** xPSR of thread code outside of an IT block. */
  private flags(): number {
    const word = (offset: number): number => this.truth(this.state(offset));
    const nz = (this.truth(this.ltS(this.state(S.NF), 0)) << 31) | (this.truth(this.eqz(this.state(S.ZF))) << 30);
    return nz | ((word(S.CF) & 1) << 29) | ((word(S.VF) & 1) << 28) | ((word(S.QF) & 1) << 27) | ((word(S.GE) & 15) << 16) | THUMB;
  }
  private setFlags(psr: number): void {
    this.setState(S.NF, psr);
    this.setState(S.ZF, ((psr >>> 30) & 1) ^ 1);
    this.setState(S.CF, (psr >>> 29) & 1);
    this.setState(S.VF, (psr >>> 28) & 1);
    this.setState(S.QF, (psr >>> 27) & 1);
    this.setState(S.GE, (psr >>> 16) & 15);
  }
}
const THUMB = 1 << 24;
/** ITSTATE, and the number of an exception. */
const IT_AND_NUMBER = 0x0600fdff & ~STKALIGN;
