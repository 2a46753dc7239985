/** What no option names: the registers that an idle ROM has written, and states with odd values in which it is asked. */
import type { Lab } from './lab.ts';
import { blocksOf, hex, type State } from './state.ts';

export interface WrittenRegister {
  readonly register: string;
  /** Null: as after a reset. */
  readonly value: string | null;
  readonly standIn: string | null;
  /** The instruction of the ROM that wrote it last. */
  readonly pc: number | null;
}
export interface OddState {
  readonly state: string;
  /** Null: the state could not be made. */
  readonly served: boolean | null;
}

const SYST_CSR = 0xe000e010;
const SYST_RVR = 0xe000e014;
const SYST_CVR = 0xe000e018;
const ICSR = 0xe000ed04;
const PENDSVSET = 1 << 28;
const PENDSTSET = 1 << 26;
const IDLE_MS = 300;

interface Idle {
  readonly state: State;
  readonly writers: ReadonlyMap<string, number>;
}
/** Registers of an idle ROM that its code has written, with nobody there to talk to. */
function idle(lab: Lab): Idle {
  lab.enter({ cable: false });
  lab.idle(IDLE_MS);
  const values = blocksOf(lab.machine);
  const writers = new Map<string, number>();
  for (const register of Object.keys(values)) {
    const pc = lab.writer(register);
    if (pc !== null) writers.set(register, pc);
  }
  return { state: values, writers };
}

export function writtenRegisters(lab: Lab, standIn: Lab): readonly WrittenRegister[] {
  const [own, other] = [idle(lab), idle(standIn)];
  const names = [...new Set([...own.writers.keys(), ...other.writers.keys()])].sort();
  return names.map((register) => ({
    register,
    value: own.state[register] ?? null,
    standIn: other.state[register] ?? null,
    pc: own.writers.get(register) ?? null,
  }));
}

const iwdgOf = (lab: Lab): string | undefined => ['IWDG', 'IWDG1'].find((name) => lab.chip.blocks.some((b) => b.name === name));

/** Each leaves something that a careful caller would not; true if it is there at the entry. */
const STATES: readonly (readonly [state: string, early: (lab: Lab) => void, put: (lab: Lab) => boolean])[] = [
  [
    'SysTick stopped with a rest in SYST_CVR',
    (lab) => {
      lab.ppb(SYST_RVR, 71_999);
      lab.ppb(SYST_CVR, 0);
      lab.ppb(SYST_CSR, 5);
    },
    (lab) => {
      lab.ppb(SYST_CSR, 0);
      return lab.peek(SYST_CVR) !== 0;
    },
  ],
  [
    'SysTick running with its interrupt on',
    () => undefined,
    (lab) => {
      lab.ppb(SYST_RVR, 71_999);
      lab.ppb(SYST_CVR, 0);
      lab.ppb(SYST_CSR, 7);
      return (lab.peek(SYST_CSR) & 7) === 7;
    },
  ],
  [
    'SysTick and PendSV pending, nothing masked',
    () => undefined,
    (lab) => {
      lab.ppb(ICSR, PENDSTSET | PENDSVSET);
      return (lab.peek(ICSR) & (PENDSTSET | PENDSVSET)) !== 0;
    },
  ],
  [
    'IWDG running at 1.6 s, a host at once',
    (lab) => {
      const block = iwdgOf(lab);
      if (block === undefined) return;
      lab.field(`${block}.KR`, 0xcccc);
      lab.field(`${block}.KR`, 0x5555);
      lab.field(`${block}.PR`, 4);
      lab.field(`${block}.RLR`, 800);
    },
    (lab) => iwdgOf(lab) !== undefined && lab.read(`${iwdgOf(lab)!}.RLR`) === 800,
  ],
];

export function oddStates(lab: Lab): readonly OddState[] {
  return STATES.map(([state, early, put]) => {
    let made = false;
    lab.enter({ early: () => early(lab), put: () => (made = put(lab)) });
    if (!made) return { state, served: null };
    const ran = lab.serve();
    return { state, served: ran.served === true && ran.resets.length === 0 };
  });
}

export const shown = (value: string | null): string => (value === null ? 'as after a reset' : `0x${hex(parseInt(value, 16))}`);
