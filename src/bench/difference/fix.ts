/** The value that works, in C: with the registers' names by CMSIS where they have one. */
import { LEAVE_HANDLER, part } from '../../checks/fix-in-c.ts';
import type { Difference } from './find.ts';
import { isLock } from './lock.ts';

const hex = (n: number): string => (n === 0 ? '0' : `0x${(n >>> 0).toString(16).toUpperCase()}u`);

/** Blocks of the core as CMSIS calls them, by the register's name. */
const CORE_BLOCKS: readonly (readonly [register: RegExp, c: string])[] = [
  [/^SCB\.(SCR|CCR|VTOR|SHCSR|CPACR)$/, 'SCB->$1'],
  [/^SYST_CSR$/, 'SysTick->CTRL'],
  [/^SYST_RVR$/, 'SysTick->LOAD'],
  [/^SYST_CVR$/, 'SysTick->VAL'],
  [/^MPU_CTRL$/, 'MPU->CTRL'],
];
/** Special registers by the intrinsics that write them. */
const SPECIAL: Readonly<Record<string, (value: number) => string>> = {
  PRIMASK: (v) => (v === 0 ? '__enable_irq();' : '__disable_irq();'),
  FAULTMASK: (v) => `__set_FAULTMASK(${v});`,
  BASEPRI: (v) => `__set_BASEPRI(${v});`,
  MSPLIM: (v) => `__set_MSPLIM(${hex(v)});`,
  'CONTROL.SPSEL': (v) => `__set_CONTROL(${v === 0 ? '__get_CONTROL() & ~2u' : '__get_CONTROL() | 2u'}); __ISB();`,
  MSP: (v) => `__set_MSP(${hex(v)});`,
  PSPLIM: (v) => `__set_PSPLIM(${hex(v)});`,
  'SCB.ICSR.PENDSTSET': () => 'SCB->ICSR = SCB_ICSR_PENDSTCLR_Msk;',
  'SCB.ICSR.PENDSVSET': () => 'SCB->ICSR = SCB_ICSR_PENDSVCLR_Msk;',
};

/** Null where no store does it: a stack pointer, a pin, a lock that only a reset opens. */
export function fixOf(d: Difference): string | null {
  if (d.what === 'IPSR') return LEAVE_HANDLER;
  if (d.opens) return d.opens.join('\n');
  if (d.stores) return d.stores.map(({ name, working }) => `${lvalue(name)} = ${hex(working)};`).join('\n');
  const store = storeOf(d);
  if (store === null) return null;
  const lines = [...d.clock, store];
  return d.atFault ? part('access', '', ...lines) : lines.join('\n');
}
function storeOf({ what, value, afterReset, field }: Difference): string | null {
  if (value === null || afterReset === null || field === null || isLock(what)) return null;
  const special = SPECIAL[what];
  if (special) return special(afterReset);
  const line = /^NVIC_I(S[EP])R(\d+)(?:\.\d+)?$/.exec(what);
  if (line) return `NVIC->I${line[1]!.replace('S', 'C')}R[${line[2]}] = ${hex(field.mask)};`;
  const register = lvalue(field.register);
  if (register === null) return null;
  const bits = (afterReset * 2 ** field.shift) >>> 0;
  if (field.mask >>> 0 === ALL_BITS) return `${register} = ${hex(bits)};`;
  const store = bits === 0 ? `${register} &= ~${hex(field.mask)};` : `${register} = (${register} & ~${hex(field.mask)}) | ${hex(bits)};`;
  return `${store}${remarkOf(what, field.register)}`;
}
/** A mask alone says little: the field that it is. */
const remarkOf = (what: string, register: string): string =>
  what.startsWith(`${register}.`) ? `   /* ${what.slice(register.length + 1)} */` : '';
const ALL_BITS = 0xffffffff;
function lvalue(register: string): string | null {
  for (const [name, c] of CORE_BLOCKS) if (name.test(register)) return register.replace(name, c);
  const block = /^([A-Z]\w*)\.(\w+)$/.exec(register);
  return block ? `${block[1]}->${block[2]}` : null;
}
