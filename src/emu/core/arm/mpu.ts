/**
 * Memory protection: PMSAv6 (Cortex-M0+) and PMSAv7 (Cortex-M3, M4, M7), which differ in sizes and attributes, and PMSAv8 (Cortex-M33), the default memory map behind them, and their registers.
 * An access is judged by its first byte; the core splits unaligned accesses into bytes.
 */
import type { Cpu } from '../cpu.ts';
import { isBelowZero } from './nvic.ts';
import { always, change, merge, onV8, SCS, type ScsRegister } from './scs-state.ts';

export type Access = 'read' | 'write' | 'fetch';

/** MPU_CTRL bits. */
const ENABLE = 1;
const HFNMIENA = 2;
const PRIVDEFENA = 4;

const regionBase = (n: number): number => SCS.MPU_REGION + 8 * n;
const isPpb = (address: number): boolean => address >= 0xe0000000 && address < 0xe0100000;

/** Default memory map: Device regions and the system region cannot be executed. */
export const defaultExecuteNever = (address: number): boolean => (address >= 0x40000000 && address < 0x60000000) || address >= 0xa0000000;

/** Whether the MPU judges accesses now: off at negative priorities (HardFault, NMI, FAULTMASK) unless HFNMIENA. */
export function mpuEnabled(cpu: Cpu): boolean {
  const ctrl = cpu.get(SCS.MPU_CTRL);
  if ((ctrl & ENABLE) === 0) return false;
  return (ctrl & HFNMIENA) !== 0 || !isBelowZero(cpu);
}

/** All that rights and attributes hang on now, as a text: they are the same where it is. Empty while the MPU judges nothing. */
export function mpuSetUp(cpu: Cpu, priv: boolean): string {
  if (!mpuEnabled(cpu)) return '';
  let text = `${priv}${cpu.get(SCS.MPU_CTRL) & PRIVDEFENA}`;
  for (let n = 0; n < cpu.row.mpuRegions; n++) {
    const second = cpu.get(regionBase(n) + 4);
    if ((second & 1) !== 0) text += `,${n}.${cpu.get(regionBase(n))}.${second}`;
  }
  return cpu.profile.arch === 'v8m' ? `${text},${cpu.get(SCS.MPU_MAIR)}.${cpu.get(SCS.MPU_MAIR + 4)}` : text;
}

/** Number of the PMSAv7 region that covers an address: the highest one wins; -1 for none. */
function regionV7(cpu: Cpu, address: number): number {
  for (let n = cpu.row.mpuRegions - 1; n >= 0; n--) {
    const rasr = cpu.get(regionBase(n) + 4);
    if ((rasr & 1) === 0) continue;
    const log2 = ((rasr >>> 1) & 31) + 1;
    if (log2 < cpu.profile.mpuSmallest) continue;
    // sizes are powers of two up to 4 GiB; the base is taken as aligned to the size
    const mask = log2 === 32 ? 0 : (-1 << log2) >>> 0;
    if (((address ^ cpu.get(regionBase(n))) & mask) !== 0) continue;
    if (log2 >= 8 && ((rasr >>> (8 + ((address >>> (log2 - 3)) & 7))) & 1) !== 0) continue;
    return n;
  }
  return -1;
}
/** PMSAv8: -1 for no region, -2 where two overlap (always a fault). */
function regionV8(cpu: Cpu, address: number): number {
  let hit = -1;
  for (let n = 0; n < cpu.row.mpuRegions; n++) {
    const rlar = cpu.get(regionBase(n) + 4) >>> 0;
    if ((rlar & 1) === 0) continue;
    const base = (cpu.get(regionBase(n)) & ~31) >>> 0;
    if (address < base || address > (rlar | 31) >>> 0) continue;
    if (hit >= 0) return -2;
    hit = n;
  }
  return hit;
}
/** Region that decides about an address, -1 for the default map, -2 for overlapping regions (PMSAv8). */
export const mpuRegion = (cpu: Cpu, address: number): number =>
  cpu.profile.arch === 'v8m' ? regionV8(cpu, address >>> 0) : regionV7(cpu, address >>> 0);

/** AP[2:0] of PMSAv7: [privileged, unprivileged] as 0 none, 1 read, 2 read and write. 4 is reserved: no access. */
const AP_V7 = [
  [0, 0],
  [2, 0],
  [2, 1],
  [2, 2],
  [0, 0],
  [1, 0],
  [1, 1],
  [1, 1],
] as const;
/** AP[2:1] of PMSAv8. */
const AP_V8 = [
  [2, 0],
  [2, 2],
  [1, 0],
  [1, 1],
] as const;

/** Bits of what a granule allows, for code without privilege; those of privileged code three higher. */
const BIT = { read: 1, write: 2, fetch: 4 } as const;
const bitsOf = (level: 0 | 1 | 2, xn: boolean): number =>
  level === 0 ? 0 : BIT.read | (level === 2 ? BIT.write : 0) | (xn ? 0 : BIT.fetch);

/** What the MPU with this setup allows at an address that lies in a region, by its number from `mpuRegion`. */
function rights(cpu: Cpu, region: number, address: number, priv: boolean): number {
  if (region === -2) return 0;
  if (region === -1) return priv && (cpu.get(SCS.MPU_CTRL) & PRIVDEFENA) !== 0 ? bitsOf(2, defaultExecuteNever(address)) : 0;
  const column = priv ? 0 : 1;
  if (cpu.profile.arch === 'v8m') {
    const rbar = cpu.get(regionBase(region));
    return bitsOf(AP_V8[(rbar >>> 1) & 3]![column]!, (rbar & 1) !== 0 || address >= 0xe0000000);
  }
  const rasr = cpu.get(regionBase(region) + 4);
  return bitsOf(AP_V7[(rasr >>> 24) & 7]![column]!, ((rasr >>> 28) & 1) !== 0 || address >= 0xe0000000);
}

/** Whether the enabled MPU lets an access through. The private peripheral bus keeps the default map whatever the regions say. */
export function mpuAllows(cpu: Cpu, address: number, access: Access, priv: boolean): boolean {
  address >>>= 0;
  if (isPpb(address)) return access !== 'fetch';
  const allowed = cpu.mpuAnswers.allows(address, () => rightsAt(cpu, address));
  return ((allowed >>> (priv ? 3 : 0)) & BIT[access]) !== 0;
}
function rightsAt(cpu: Cpu, address: number): number {
  const region = mpuRegion(cpu, address);
  return rights(cpu, region, address, false) | (rights(cpu, region, address, true) << 3);
}

/** Whether the MPU leaves an address in the code region cacheable. PMSAv8: device memory and normal memory without outer and inner caching are not. */
export function mpuCacheable(cpu: Cpu, address: number): boolean {
  if (cpu.profile.arch !== 'v8m' || !mpuEnabled(cpu)) return true;
  const region = mpuRegion(cpu, address);
  if (region < 0) return true;
  const index = (cpu.get(regionBase(region) + 4) >>> 1) & 7;
  const attribute = (cpu.get(SCS.MPU_MAIR + 4 * (index >>> 2)) >>> (8 * (index & 3))) & 0xff;
  return attribute >>> 4 !== 0 && attribute !== 0x44;
}

/** How L1 caches treat an address: not at all, write-through, write-back, write-back with write-allocate. */
export const POLICY = { NONE: 0, WRITE_THROUGH: 1, WRITE_BACK: 2, WRITE_ALLOCATE: 3 } as const;
/** Default memory map of ARMv7-M (B3.1), by half gigabyte: Code, SRAM, Peripheral, external RAM twice, external devices twice, System. */
const DEFAULT_POLICY = [1, 3, 0, 3, 1, 0, 0, 0] as const;
/** Inner attributes of TEX 1BB by C and B. */
const INNER_POLICY = [0, 3, 1, 2] as const;
/** CACR: shareable memory as write-through; all write-back as write-through. */
const SIWT = 1;
const FORCEWT = 4;

/** TEX, S, C and B of the region that an address lies in, as in the upper half of RASR; less than 0 where the default map holds. For PMSAv7. */
function attributesAt(cpu: Cpu, address: number): number {
  const region = mpuEnabled(cpu) ? mpuRegion(cpu, address) : -1;
  return region < 0 ? -1 : cpu.get(regionBase(region) + 4) >>> 16;
}
const texOf = (attributes: number): number => (attributes >>> 3) & 7;
const cbOf = (attributes: number): number => attributes & 3;

/** For PMSAv7. Shareable memory is cached for data only with CACR.SIWT (M7 TRM, CACR), for instructions always. */
export function cachePolicy(cpu: Cpu, address: number, access: 'data' | 'fetch'): number {
  const attributes = attributesAt(cpu, address);
  let policy: number;
  let shareable = false;
  if (attributes < 0) policy = DEFAULT_POLICY[address >>> 29]!;
  else {
    const [tex, cb] = [texOf(attributes), cbOf(attributes)];
    shareable = (attributes & 4) !== 0;
    if (tex >= 4) policy = INNER_POLICY[cb]!;
    else if (tex === 1) policy = cb === 3 ? POLICY.WRITE_ALLOCATE : POLICY.NONE;
    else policy = tex === 0 && cb >= 2 ? (cb === 3 ? POLICY.WRITE_BACK : POLICY.WRITE_THROUGH) : POLICY.NONE;
  }
  if (policy === POLICY.NONE || access === 'fetch') return policy;
  const cacr = cpu.get(SCS.CACR);
  if (shareable) return cacr & SIWT ? POLICY.WRITE_THROUGH : POLICY.NONE;
  return cacr & FORCEWT ? POLICY.WRITE_THROUGH : policy;
}

/** Device or Strongly-ordered memory, by PMSAv7 and the default map (Armv7-M ARM B3.1, B3.5.9). */
export function isDeviceMemory(cpu: Cpu, address: number): boolean {
  const attributes = attributesAt(cpu, address);
  if (attributes < 0) return DEVICE_PARTS.includes(address >>> 29);
  const [tex, cb] = [texOf(attributes), cbOf(attributes)];
  return (tex === 0 && cb < 2) || (tex === 2 && cb === 0);
}
/** Peripherals, external devices and the system, by half gigabyte. */
const DEVICE_PARTS: readonly number[] = [2, 5, 6, 7];

/** Whether one answer holds for all bytes of the 4-KiB page at `start`, for both privileges. */
export function mpuUniform(cpu: Cpu, start: number): boolean {
  start >>>= 0;
  return cpu.mpuAnswers.isUniform(start, () => isPageUniform(cpu, start));
}
function isPageUniform(cpu: Cpu, start: number): boolean {
  const end = start + 0x1000;
  const cuts = (from: number, size: number): boolean => {
    const to = from + size;
    return (from > start && from < end) || (to > start && to < end);
  };
  for (let n = 0; n < cpu.row.mpuRegions; n++) {
    const second = cpu.get(regionBase(n) + 4) >>> 0;
    if ((second & 1) === 0) continue;
    if (cpu.profile.arch === 'v8m') {
      const base = (cpu.get(regionBase(n)) & ~31) >>> 0;
      if (base <= second && cuts(base, ((second | 31) >>> 0) + 1 - base)) return false;
      continue;
    }
    const log2 = ((second >>> 1) & 31) + 1;
    if (log2 < cpu.profile.mpuSmallest) continue;
    const size = 2 ** log2;
    const base = Math.floor((cpu.get(regionBase(n)) >>> 0) / size) * size;
    if (cuts(base, size)) return false;
    // subregions below a page divide pages
    if (((second >>> 8) & 0xff) !== 0 && log2 >= 8 && size / 8 < 0x1000 && base < end && base + size > start) return false;
  }
  return true;
}

function setRegion(cpu: Cpu, n: number, second: boolean, value: number): void {
  if (n >= cpu.row.mpuRegions) return;
  const names = cpu.profile.arch === 'v8m' ? ['MPU_RBAR', 'MPU_RLAR'] : ['MPU_RBAR', 'MPU_RASR'];
  change(cpu, `${names[second ? 1 : 0]!}${n}`, regionBase(n) + (second ? 4 : 0), value);
  cpu.rightsChanged();
}
const hasMpu = (cpu: Cpu): boolean => cpu.row.mpuRegions > 0;
/** Region that an alias 0…3 of RBAR stands for. PMSAv8: RNR[1:0] replaced; PMSAv7: all of them mean RNR. */
const regionOf = (cpu: Cpu, alias: number): number => {
  const rnr = cpu.get(SCS.MPU_RNR);
  return cpu.profile.arch === 'v8m' && alias > 0 ? (rnr & ~3) + alias : rnr;
};

function registers(): ScsRegister[] {
  const list: ScsRegister[] = [
    { address: 0xe000ed90, name: 'MPU_TYPE', on: always, read: (cpu) => cpu.row.mpuRegions << 8, write: () => {} },
    {
      address: 0xe000ed94,
      name: 'MPU_CTRL',
      on: hasMpu,
      read: (cpu) => cpu.get(SCS.MPU_CTRL),
      write: (cpu, value, mask) => {
        change(cpu, 'MPU_CTRL', SCS.MPU_CTRL, merge(cpu.get(SCS.MPU_CTRL), value, mask & 7));
        cpu.rightsChanged();
      },
    },
    {
      address: 0xe000ed98,
      name: 'MPU_RNR',
      on: hasMpu,
      read: (cpu) => cpu.get(SCS.MPU_RNR),
      write: (cpu, value, mask) => {
        const n = merge(cpu.get(SCS.MPU_RNR), value, mask & 0xff);
        if (n < cpu.row.mpuRegions) change(cpu, 'MPU_RNR', SCS.MPU_RNR, n);
      },
    },
  ];
  for (let alias = 0; alias < 4; alias++) {
    const suffix = alias === 0 ? '' : `_A${alias}`;
    list.push(
      {
        address: 0xe000ed9c + 8 * alias,
        name: `MPU_RBAR${suffix}`,
        on: hasMpu,
        read: (cpu) => {
          const n = regionOf(cpu, alias);
          const word = n < cpu.row.mpuRegions ? cpu.get(regionBase(n)) >>> 0 : 0;
          return cpu.profile.arch === 'v8m' ? word : (word | (n & 15)) >>> 0;
        },
        write: (cpu, value, mask) => {
          if (cpu.profile.arch === 'v8m') {
            const n = regionOf(cpu, alias);
            if (n < cpu.row.mpuRegions) setRegion(cpu, n, false, merge(cpu.get(regionBase(n)), value, mask));
            return;
          }
          // VALID: the region number comes with the address
          const word = merge(cpu.get(regionBase(cpu.get(SCS.MPU_RNR))), value, mask);
          if (value & mask & 0x10 && (word & 15) < cpu.row.mpuRegions) change(cpu, 'MPU_RNR', SCS.MPU_RNR, word & 15);
          setRegion(cpu, cpu.get(SCS.MPU_RNR), false, (word & ~31) >>> 0);
        },
      },
      {
        address: 0xe000eda0 + 8 * alias,
        name: `MPU_RLAR${suffix}`,
        on: hasMpu,
        read: (cpu) => {
          const n = regionOf(cpu, alias);
          return n < cpu.row.mpuRegions ? cpu.get(regionBase(n) + 4) >>> 0 : 0;
        },
        write: (cpu, value, mask) => {
          const n = regionOf(cpu, alias);
          if (n < cpu.row.mpuRegions) setRegion(cpu, n, true, merge(cpu.get(regionBase(n) + 4), value, mask & cpu.profile.mpuAttributes));
        },
      },
    );
  }
  for (let i = 0; i < 2; i++) {
    list.push({
      address: 0xe000edc0 + 4 * i,
      name: `MPU_MAIR${i}`,
      on: onV8,
      read: (cpu) => cpu.get(SCS.MPU_MAIR + 4 * i),
      write: (cpu, value, mask) => {
        change(cpu, `MPU_MAIR${i}`, SCS.MPU_MAIR + 4 * i, merge(cpu.get(SCS.MPU_MAIR + 4 * i), value, mask));
        cpu.rightsChanged();
      },
    });
  }
  return list;
}
export const MPU_REGISTERS: readonly ScsRegister[] = registers();
