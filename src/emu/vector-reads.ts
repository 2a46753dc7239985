/** Reads of system memory by user code that may be reads of the ROM's vectors. */
import type { Core } from './core/core.ts';
import type { MachineState } from './machine-state.ts';
import type { System } from './system.ts';

const MOST_READS = 64;

/** Each instruction and address once, the newest last. */
export function logVectorRead(system: System, reads: MachineState['vectorReads'], core: Core, address: number, size: number): void {
  // bytes are those of a serial number or of OTP
  if (size < 4) return;
  const region = system.regionAt(address);
  const row = region?.memory?.row;
  if (!region || row?.zone !== 'systemMemory' || address - region.base >= (row.factsFrom ?? row.size)) return;
  const value = core.peek(address, 4) ?? 0;
  const known = reads.findIndex((r) => r.address === address && r.pc === core.pc);
  if (known >= 0) reads.splice(known, 1);
  else if (reads.length >= MOST_READS) reads.shift();
  reads.push({ address, value, pc: core.pc, at: core.now() });
}
