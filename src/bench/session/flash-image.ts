/** What the main flash of a machine holds, as a file. */
import type { Machine } from '../../emu/machine.ts';

/** Bytes of a record of Intel HEX. */
const RECORD = 16;

/** The main flash from its lowest address; Intel HEX of the words that are not erased where the name ends in `.hex`, else raw. */
export function flashImage(machine: Machine, name: string): Uint8Array {
  const { base, bytes, erased } = mainFlash(machine);
  return /\.(hex|ihx?)$/i.test(name) ? new TextEncoder().encode(intelHex(base, bytes, erased)) : bytes;
}

/** The user's flash in one piece, and the byte that an erased one reads. */
export function mainFlash(machine: Machine): { base: number; bytes: Uint8Array; erased: number } {
  const { base, bytes, erased } = flashInPlace(machine);
  return { base, bytes: bytes.slice(), erased };
}
/** The same where it lies: it changes as the machine goes on. */
export function flashInPlace(machine: Machine): { base: number; bytes: Uint8Array; erased: number } {
  const { system } = machine;
  const memory = system.memories.find((m) => m.row.kind === 'flash' && m.row.zone === 'user')!;
  return {
    base: memory.row.base,
    bytes: system.arena.u8.subarray(memory.host, memory.host + memory.row.size),
    erased: memory.row.erased ?? 0xff,
  };
}

function intelHex(base: number, bytes: Uint8Array, erased: number): string {
  const lines: string[] = [];
  const record = (type: number, address: number, data: ArrayLike<number>): void => {
    const all = [data.length, (address >>> 8) & 0xff, address & 0xff, type, ...Array.from(data)];
    const sum = -all.reduce((n, b) => n + b, 0) & 0xff;
    lines.push(`:${[...all, sum].map((b) => b.toString(16).padStart(2, '0').toUpperCase()).join('')}`);
  };
  let upper = -1;
  for (let at = 0; at < bytes.length; at += RECORD) {
    const data = bytes.subarray(at, at + RECORD);
    if (data.every((b) => b === erased)) continue;
    const address = (base + at) >>> 0;
    if (address >>> 16 !== upper) {
      upper = address >>> 16;
      record(4, 0, [upper >>> 8, upper & 0xff]);
    }
    record(0, address & 0xffff, data);
  }
  record(1, 0, []);
  return `${lines.join('\n')}\n`;
}
