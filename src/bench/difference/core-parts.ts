/**
 * What a core hands over, in parts that a program can set one by one: masks, stacks, active and pending exceptions, registers of the system control space. A part is bytes of
 * the core's page (core/state.ts), taken over as a whole.
 */
import { PPB } from '../../checks/core-registers.ts';
import { SCR, SCS } from '../../emu/core/arm/scs-state.ts';
import { S } from '../../emu/core/state.ts';

/** First byte in the core's page, and how many. */
type Piece = readonly [offset: number, length: number];
export interface CorePart {
  readonly name: string;
  readonly pieces: readonly Piece[];
  /** Registers of the part as the history calls them (`CPU.PRIMASK`), each with its word in the page. */
  readonly registers: readonly (readonly [name: string, offset: number])[];
  /** The register by which it is told, where it cannot be taken apart. */
  readonly face?: readonly [name: string, offset: number];
}

const WORD = 4;
const words = (...offsets: readonly number[]): Piece[] => offsets.map((offset) => [offset, WORD]);
const one = (name: string, offset: number): CorePart => ({ name, pieces: words(offset), registers: [[name, offset]] });
const LINES = 16;
/** A word for each 32 interrupt lines. */
const byLine = (name: string, offset: number): (readonly [string, number])[] =>
  Array.from({ length: LINES }, (_, i) => [`${name}${i}`, offset + WORD * i] as const);

/** Half of this would be a state that no core can have. */
const ACTIVE: CorePart = {
  name: 'active exceptions',
  pieces: [...words(S.IPSR, SCS.SYS_ACTIVE), [S.NVIC_ACTIVE, WORD * LINES]],
  registers: [],
  face: ['IPSR', S.IPSR],
};
const STACKS: CorePart = {
  name: 'stack pointers',
  pieces: words(S.SP, S.CONTROL, S.MSP, S.PSP, S.MSPLIM, S.PSPLIM, S.SPLIM),
  registers: [
    ['CONTROL', S.CONTROL],
    ['MSP', S.MSP],
    ['PSP', S.PSP],
    ['MSPLIM', S.MSPLIM],
    ['PSPLIM', S.PSPLIM],
  ],
};
const PRIORITIES = 496;
const MPU_REGIONS = 16;
const FP_REGISTERS = 32;

export const SYSTICK = 'SysTick';
/** Its registers in the order in which software stops it. A store to the last one clears it, whatever is stored. */
export const SYSTICK_STORES = [
  // without COUNTFLAG, which no store sets
  { name: 'SYST_CSR', address: PPB.SYST_CSR, offset: SCS.SYST_CSR, mask: 7 },
  { name: 'SYST_RVR', address: PPB.SYST_RVR, offset: SCS.SYST_RVR, mask: 0xffffff },
  { name: 'SYST_CVR', address: PPB.SYST_CVR, offset: SCS.SYST_VALUE, mask: 0xffffff },
] as const;
/** In the order in which they are tried: what a hand-over breaks most often first. */
export const CORE_PARTS: readonly CorePart[] = [
  one('PRIMASK', S.PRIMASK),
  one('FAULTMASK', S.FAULTMASK),
  one('BASEPRI', S.BASEPRI),
  ACTIVE,
  STACKS,
  { name: 'enabled interrupts', pieces: [[S.NVIC_ENABLED, WORD * LINES]], registers: byLine('NVIC_ISER', S.NVIC_ENABLED) },
  {
    name: 'pending interrupts',
    pieces: [[S.NVIC_PENDING, WORD * LINES], ...words(SCS.SYS_PENDING)],
    registers: [...byLine('NVIC_ISPR', S.NVIC_PENDING), ['ICSR', SCS.SYS_PENDING]],
  },
  {
    name: SYSTICK,
    pieces: [...words(SCS.SYST_CSR, SCS.SYST_RVR, SCS.SYST_VALUE), [SCS.SYST_ANCHOR, 2 * WORD]],
    registers: [
      ['SYST_CSR', SCS.SYST_CSR],
      ['SYST_RVR', SCS.SYST_RVR],
    ],
  },
  one('SCR', SCS.SCR),
  one('VTOR', SCS.VTOR),
  one('CCR', S.CCR),
  {
    name: 'MPU',
    pieces: [...words(SCS.MPU_CTRL, SCS.MPU_RNR), [SCS.MPU_MAIR, 2 * WORD], [SCS.MPU_REGION, 2 * WORD * MPU_REGIONS]],
    registers: [['MPU_CTRL', SCS.MPU_CTRL]],
  },
  {
    name: 'interrupt priorities',
    pieces: [[S.NVIC_PRIORITY, PRIORITIES], [SCS.SYS_PRIORITY, 4 * WORD], ...words(SCS.PRIGROUP)],
    registers: [
      ['AIRCR', SCS.PRIGROUP],
      ...[1, 2, 3].map((n) => [`SHPR${n}`, SCS.SYS_PRIORITY + WORD * n] as const),
      ...Array.from({ length: PRIORITIES / WORD }, (_, i) => [`NVIC_IPR${i}`, S.NVIC_PRIORITY + WORD * i] as const),
    ],
  },
  { name: 'SHCSR', pieces: words(SCS.SYS_ENABLED), registers: [['SHCSR', SCS.SYS_ENABLED]] },
  {
    name: 'FPU',
    pieces: [...words(SCS.CPACR, S.FP_TRAP, S.FPSCR, S.FPCCR, S.FPCAR, S.FPDSCR), [S.FP, WORD * FP_REGISTERS]],
    registers: [
      ['CPACR', SCS.CPACR],
      ['FPCCR', S.FPCCR],
    ],
  },
  one('ACTLR', SCS.ACTLR),
  { name: 'event', pieces: words(S.EXCLUSIVE_OPEN, S.EVENT, S.HALTED), registers: [] },
  { name: 'fault status', pieces: words(SCS.CFSR, SCS.HFSR, SCS.DFSR, SCS.MMFAR, SCS.BFAR, SCS.AFSR), registers: [] },
  {
    name: 'core registers',
    pieces: [[S.R, 13 * WORD], ...words(S.LR, S.NF, S.ZF, S.CF, S.VF, S.QF, S.GE, S.IT, S.T)],
    registers: [['EPSR.T', S.T]],
  },
];

/** Fields of core registers that have more than one, by their names in the Arm ARMs (DDI 0403 B3.2, DDI 0553 D1.2). */
export const CORE_FIELDS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  SCR,
  CCR: { UNALIGN_TRP: 1 << 3, DIV_0_TRP: 1 << 4, BFHFNMIGN: 1 << 8, STKALIGN: 1 << 9, DC: 1 << 16, IC: 1 << 17, BP: 1 << 18 },
  // bits of the word of pending exceptions, by their numbers
  ICSR: { NMIPENDSET: 1 << 2, PENDSVSET: 1 << 14, PENDSTSET: 1 << 15 },
  CONTROL: { nPRIV: 1, SPSEL: 1 << 1, FPCA: 1 << 2 },
  SYST_CSR: { ENABLE: 1, TICKINT: 1 << 1, CLKSOURCE: 1 << 2 },
  MPU_CTRL: { ENABLE: 1, HFNMIENA: 1 << 1, PRIVDEFENA: 1 << 2 },
  SHCSR: { MEMFAULTENA: 1 << 4, BUSFAULTENA: 1 << 5, USGFAULTENA: 1 << 6 },
};
/** The block by which CMSIS names a core register; without one it is a special register. */
const CMSIS: readonly (readonly [RegExp, string])[] = [
  [/^(SCR|VTOR|CCR|ICSR|AIRCR|SHCSR|CPACR)$/, 'SCB.'],
  [/^SYST_/, ''],
  [/^MPU_/, ''],
];
export const coreName = (register: string): string => `${CMSIS.find(([of]) => of.test(register))?.[1] ?? ''}${register}`;
