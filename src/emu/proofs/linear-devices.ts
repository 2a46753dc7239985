/** Iterations that read and write blocks, on linear values: a block answers in each of them as in the one that was recorded, and is written the same. */
import type { Expr, LoadOptions, Profile, Val } from '../core/builder.ts';
import type { DeviceAccess } from '../core/core-types.ts';
import { giveUp, linear, LinearRun, type Cell, type Surroundings } from './linear.ts';

export interface DeviceSurroundings extends Surroundings {
  /** The address belongs to a block and not to the core. */
  isDevice(address: number): boolean;
  /** A read depends on the block's state only, not on the time. */
  isSteady(address: number): boolean;
}

export class LinearDevices extends LinearRun {
  /** Reads of blocks so far. */
  deviceReads = 0;
  private readonly blocks: DeviceSurroundings;
  private readonly devices: readonly DeviceAccess[];

  /** `devices`: the iteration's reads of blocks, in order. */
  constructor(profile: Profile, around: DeviceSurroundings, pc: number, devices: readonly DeviceAccess[], cells: Iterable<Cell> = []) {
    super(profile, around, pc, cells);
    this.blocks = around;
    this.devices = devices;
  }

  override load(address: Val, size: 1 | 2 | 4, options?: LoadOptions): Expr {
    const a = this.place(address, size, options);
    if (!this.blocks.isDevice(a)) return super.load(address, size, options);
    const read = this.devices[this.deviceReads++];
    if (read?.address !== a || read.size !== size || !this.blocks.isSteady(a)) return giveUp();
    return options?.signed && size < 4 ? giveUp() : linear(read.value);
  }
  override store(address: Val, size: 1 | 2 | 4, value: Val, options?: LoadOptions): void {
    const a = this.place(address, size, options);
    if (!this.blocks.isDevice(a)) super.store(address, size, value, options);
    // the same in every iteration
    else this.truth(value);
  }
}
