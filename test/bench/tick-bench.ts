/** A machine that runs a small firmware after the other: a loop beside a handler of SysTick, for what is proved of the two. */
import { proveFixedLoop } from '../../src/bench/session/fixed-loop.ts';
import { jobInput } from '../../src/bench/input/job.ts';
import { repeatsUntil } from '../../src/bench/session/tick-period.ts';
import { Session } from '../../src/bench/session/session.ts';
import type { Checkpoint } from '../../src/emu/machine-base.ts';
import { MS } from '../../src/emu/time.ts';
import { Thumb } from '../emu/thumb.ts';
import { plainJob } from './plain-job.ts';

export const FLASH = 0x08000000;
export const RAM = 0x20000000;
export const SYSTICK = 0xe000e010;
export type Part = (t: Thumb) => unknown;

export interface Firmware {
  /** Behind a set-up that leaves r7 = RAM, whose first 16 words are 0. */
  readonly loop: Part;
  /** Behind the count of ticks: r2 = ticks = [RAM], r3 = RAM. Returns at the label `out`. */
  readonly handler?: Part;
  readonly setUp?: Part;
  /** SYST_RVR and SYST_CSR. */
  readonly reload?: number;
  readonly csr?: number;
}

export class TickBench {
  readonly session: Session;
  private readonly start: Checkpoint;
  constructor(chip: string) {
    const image = new Uint8Array(0x800);
    const view = new DataView(image.buffer);
    view.setUint32(0, RAM + 0x1000, true);
    for (let e = 1; e < 0x60; e++) view.setUint32(4 * e, FLASH + (e === 1 ? 0x201 : e === 15 ? 0x401 : e < 14 ? 0x601 : 0x581), true);
    this.session = new Session(jobInput(plainJob(chip, [{ path: `app.bin@0x${FLASH.toString(16)}`, bytes: image }])));
    this.session.keepCheckpoints = false;
    this.start = this.session.save();
  }
  /** Runs the firmware for a millisecond (or so many) from power-on. */
  run({ loop, handler = () => {}, setUp = () => {}, reload = 1599, csr = 7 }: Firmware, ms = 1): this {
    const { session, start } = this;
    const { machine } = session;
    session.restore(start);
    const main = new Thumb(FLASH + 0x200).constant(7, RAM).movs(0, 0);
    for (let i = 0; i < 16; i++) main.str(0, 7, 4 * i);
    setUp(main);
    main.constant(1, SYSTICK).constant(0, reload).str(0, 1, 4).movs(0, csr).str(0, 1).movs(0, 0);
    loop(main);
    const tick = new Thumb(FLASH + 0x400).constant(3, RAM).ldr(2, 3).adds(2, 1).str(2, 3);
    handler(tick);
    tick.label('out').bxLr();
    // SVC and faults stay where they come to, in the loop
    const stays = new Thumb(FLASH + 0x600).constant(7, RAM);
    loop(stays);
    const memory = machine.system.regionAt(FLASH)!.memory!.row.name;
    for (const [at, code] of [
      [0x200, main],
      [0x400, tick],
      [0x580, new Thumb(FLASH + 0x580).bxLr()],
      [0x600, stays],
    ] as const)
      machine.system.pokeMemory(memory, at, code.bytes());
    machine.run(ms * MS);
    return this;
  }
  /** It is proved of the firmware that it never gets out of its loop. */
  isStuck(firmware: Firmware, ms = 1): boolean {
    this.run(firmware, ms);
    return proveFixedLoop(this.session) !== null;
  }
  /** It is proved of the firmware, which sleeps between ticks, that it does the same for another so many milliseconds. */
  goesOn(firmware: Firmware, ms: number): boolean {
    const { machine } = this.run(firmware).session;
    const end = machine.now + ms * MS;
    return (repeatsUntil(machine, end) ?? 0) >= end;
  }
}
