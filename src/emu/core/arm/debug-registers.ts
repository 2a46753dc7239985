/**
 * Debug and trace units of the private peripheral bus that software can see: DCB, DWT, FPB, ITM, TPIU, ROM table. CYCCNT counts core cycles,
 * ITM stimulus port 0 is a console; comparators only hold what is written. ARMv6-M keeps all of these for the debugger: they read as zero.
 */
import type { Cpu } from '../cpu.ts';
import { setPending } from './nvic.ts';
import { change, EXC, fixed, merge, notV6, plain, SCS, type ScsRegister } from './scs-state.ts';

const TRCENA = 1 << 24;
const CYCCNTENA = 1;
/** DWT_CTRL: NUMCOMP = 4, no external match; the rest of the feature bits 0 = present. */
const DWT_CTRL_READ = 0x40000000;

const counting = (cpu: Cpu): boolean => (cpu.get(SCS.DEMCR) & TRCENA) !== 0 && (cpu.get(SCS.DWT_CTRL) & CYCCNTENA) !== 0;
const cyccnt = (cpu: Cpu): number => (counting(cpu) ? cpu.cycles() - cpu.getFloat(SCS.CYCCNT_BASE) : cpu.get(SCS.CYCCNT)) >>> 0;
function setCyccnt(cpu: Cpu, value: number): void {
  cpu.set(SCS.CYCCNT, value);
  cpu.setFloat(SCS.CYCCNT_BASE, cpu.cycles() - (value >>> 0));
}
/** Runs a change that may start or stop the counter. */
function around(cpu: Cpu, body: () => void): void {
  const value = cyccnt(cpu);
  body();
  setCyccnt(cpu, value);
}

export const CYCCNT = 0xe0001004;
export type CyccntNeeds = 'DEMCR.TRCENA' | 'DWT_CTRL.CYCCNTENA';
/** Fields without which CYCCNT stands still; none while it counts. */
export const stopsCyccnt = (cpu: Pick<Cpu, 'get'>): readonly CyccntNeeds[] => [
  ...((cpu.get(SCS.DEMCR) & TRCENA) === 0 ? (['DEMCR.TRCENA'] as const) : []),
  ...((cpu.get(SCS.DWT_CTRL) & CYCCNTENA) === 0 ? (['DWT_CTRL.CYCCNTENA'] as const) : []),
];
/** The software lock of the DWT is closed: its registers read, and ignore what software writes (CoreSight architecture B2.3.10). */
export const dwtLocked = (cpu: Pick<Cpu, 'get' | 'row'>): boolean => cpu.row.dwtLock !== undefined && cpu.get(SCS.DWT_OPEN) === 0;
/** As software starts it. */
export const startCyccnt = (cpu: Cpu): void =>
  around(cpu, () => {
    cpu.set(SCS.DWT_OPEN, 1);
    cpu.set(SCS.DEMCR, cpu.get(SCS.DEMCR) | TRCENA);
    cpu.set(SCS.DWT_CTRL, cpu.get(SCS.DWT_CTRL) | CYCCNTENA);
  });

export const ITM_LAR = 0xe0000fb0;
export const DWT_LAR = 0xe0001fb0;
export const LAR_KEY = 0xc5acce55;
const lockAccess = (address: number, name: string): ScsRegister => ({
  address,
  name,
  on: notV6,
  read: () => 0,
  // the key opens, anything else closes
  write: (cpu, value, mask) => {
    if (cpu.row.dwtLock?.value.includes(address) === true && mask >>> 0 === 0xffffffff)
      change(cpu, `${name}: lock of the DWT open`, SCS.DWT_OPEN, value >>> 0 === LAR_KEY ? 1 : 0);
  },
});
/** A register of the DWT: where the lock is closed, a write is lost, and told if it would have changed something. */
function behindLock(register: ScsRegister): ScsRegister {
  const { write, read, address, name } = register;
  return {
    ...register,
    write: (cpu, value, mask) => {
      if (!dwtLocked(cpu)) return write!(cpu, value, mask);
      if (merge(read(cpu), value, mask) !== read(cpu) >>> 0)
        cpu.writeLost(
          `DWT.${name.replace(/^DWT_/, '')}`,
          address,
          'locked',
          'the DWT ignores writes until 0xC5ACCE55 is written to DWT_LAR',
        );
    },
  };
}

export const itmEnabled = (cpu: Cpu): boolean => (cpu.get(SCS.DEMCR) & TRCENA) !== 0 && (cpu.get(SCS.ITM_TCR) & 1) !== 0;

const [STIM0, STIMULUS_PORTS] = [0xe0000000, 32];
/** The port of the ITM that has its register there: it takes nothing until a debugger, or the program, has switched the ITM on. */
export const stimulusPort = (address: number): number | null =>
  address >= STIM0 && address < STIM0 + 4 * STIMULUS_PORTS ? (address - STIM0) >>> 2 : null;
function stimulus(port: number): ScsRegister {
  return {
    address: STIM0 + 4 * port,
    name: `ITM_STIM${port}`,
    on: notV6,
    // bit 0: the FIFO takes another item; it is never full here
    read: (cpu) => (itmEnabled(cpu) ? 1 : 0),
    unprivileged: (cpu) => (cpu.get(SCS.ITM_TPR) & (1 << (port >>> 3))) === 0,
    write: (cpu, value, mask) => {
      if (port !== 0 || !itmEnabled(cpu) || (cpu.get(SCS.ITM_TER) & 1) === 0) return;
      // the item is as wide as the write
      let text = '';
      for (let shift = 0; shift < 32; shift += 8) if ((mask >>> shift) & 0xff) text += String.fromCharCode((value >>> shift) & 0xff);
      cpu.console('itm', text);
    },
  };
}

function demcr(cpu: Cpu, value: number, mask: number): void {
  around(cpu, () => {
    // VC_* and the monitor bits, TRCENA
    change(cpu, 'DEMCR', SCS.DEMCR, merge(cpu.get(SCS.DEMCR), value, mask & 0x010f07f1));
  });
  if (value & mask & (1 << 17)) setPending(cpu, EXC.DEBUGMONITOR);
}

const rom = (cpu: Cpu): readonly number[] => ROM_TABLE[cpu.profile.arch === 'v8m' ? 'v8m' : 'v7m'];
/** SCS, DWT, FPB, ITM, TPIU, ETM, as offsets from the table with the present bits. */
const ROM_TABLE = {
  v7m: [0xfff0f003, 0xfff02003, 0xfff03003, 0xfff01003, 0xfff41003, 0xfff42003, 0],
  v8m: [0xfff0f003, 0xfff02003, 0xfff03003, 0xfff01003, 0xfff41002, 0xfff42003, 0],
} as const;

function registers(): ScsRegister[] {
  const list: ScsRegister[] = [];
  for (let port = 0; port < STIMULUS_PORTS; port++) list.push(stimulus(port));
  list.push(
    plain(0xe0000e00, 'ITM_TER', SCS.ITM_TER, 0xffffffff, notV6),
    plain(0xe0000e40, 'ITM_TPR', SCS.ITM_TPR, 0xf, notV6),
    plain(0xe0000e80, 'ITM_TCR', SCS.ITM_TCR, 0x007f0f1f, notV6),
    lockAccess(ITM_LAR, 'ITM_LAR'),
    fixed(0xe0000fb4, 'ITM_LSR', 0, notV6),
    behindLock({
      address: 0xe0001000,
      name: 'DWT_CTRL',
      on: notV6,
      read: (cpu) => cpu.get(SCS.DWT_CTRL) | DWT_CTRL_READ,
      write: (cpu, value, mask) =>
        around(cpu, () => change(cpu, 'DWT_CTRL', SCS.DWT_CTRL, merge(cpu.get(SCS.DWT_CTRL), value, mask & 0x007f1fff))),
    }),
    behindLock({
      address: CYCCNT,
      name: 'DWT_CYCCNT',
      on: notV6,
      read: cyccnt,
      write: (cpu, value, mask) => setCyccnt(cpu, merge(cyccnt(cpu), value, mask)),
    }),
    lockAccess(DWT_LAR, 'DWT_LAR'),
    // SLI: there is a lock; SLK: it is closed
    fixed(0xe0001fb4, 'DWT_LSR', (cpu) => (cpu.row.dwtLock === undefined ? 0 : dwtLocked(cpu) ? 3 : 1), notV6),
  );
  const part = ['COMP', 'MASK', 'FUNCTION'] as const;
  for (let n = 0; n < 4; n++)
    part.forEach((p, i) =>
      list.push(
        behindLock(plain(0xe0001020 + 16 * n + 4 * i, `DWT_${p}${n}`, SCS.DWT_COMP + 12 * n + 4 * i, [0xffffffff, 0x1f, 0xfff][i]!, notV6)),
      ),
    );
  list.push(
    {
      address: 0xe0002000,
      name: 'FP_CTRL',
      on: notV6,
      read: (cpu) => cpu.get(SCS.FP_CTRL),
      // ENABLE is written together with KEY
      write: (cpu, value, mask) => {
        if (value & mask & 2) change(cpu, 'FP_CTRL', SCS.FP_CTRL, merge(cpu.get(SCS.FP_CTRL), value, mask & 1));
      },
    },
    plain(0xe0002004, 'FP_REMAP', SCS.FP_REMAP, 0x1fffffe0, notV6),
  );
  for (let n = 0; n < 8; n++) list.push(plain(0xe0002008 + 4 * n, `FP_COMP${n}`, SCS.FP_COMP + 4 * n, 0xdfffffff, notV6));
  list.push(
    fixed(0xe000edf0, 'DHCSR', (cpu) => 0x01010000 | (cpu.debuggerAttached() ? 1 : 0), notV6),
    fixed(0xe000edf4, 'DCRSR', 0, notV6),
    plain(0xe000edf8, 'DCRDR', SCS.DCRDR, 0xffffffff, notV6),
    { address: 0xe000edfc, name: 'DEMCR', on: notV6, read: (cpu) => cpu.get(SCS.DEMCR), write: demcr },
    plain(0xe0040004, 'TPIU_CSPSR', SCS.TPIU_CSPSR, 0xffffffff, notV6),
    plain(0xe0040010, 'TPIU_ACPR', SCS.TPIU_ACPR, 0xffff, notV6),
    plain(0xe00400f0, 'TPIU_SPPR', SCS.TPIU_SPPR, 3, notV6),
    fixed(0xe0040300, 'TPIU_FFSR', 8, notV6),
    plain(0xe0040304, 'TPIU_FFCR', SCS.TPIU_FFCR, 0x102, notV6),
  );
  for (let i = 0; i < 7; i++) list.push(fixed(0xe00ff000 + 4 * i, `ROM_ENTRY${i}`, (cpu) => rom(cpu)[i]!, notV6));
  list.push(fixed(0xe00fffcc, 'ROM_MEMTYPE', 1, notV6));
  [0x0d, 0x10, 0x05, 0xb1].forEach((id, i) => list.push(fixed(0xe00ffff0 + 4 * i, `ROM_CIDR${i}`, id, notV6)));
  return list;
}
export const DEBUG_REGISTERS: readonly ScsRegister[] = registers();
