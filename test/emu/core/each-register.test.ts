/**
 * The private peripheral bus word by word (each-register/*.txt): what a register holds in the handler of an SVC, behind a write of ones and of zeros, and what else such a write changes.
 * Neighbours that do the same share a line; a core's kin has only what is other. `BOOTBENCH_GOLDEN=write` writes that anew.
 */
import { it } from 'vitest';
import { GuestFault } from '../../../src/emu/core/cpu.ts';
import type { Core } from '../../../src/emu/core/core.ts';
import { SCS } from '../../../src/emu/core/arm/scs-state.ts';
import { S } from '../../../src/emu/core/state.ts';
import type { Machine } from '../../../src/emu/machine.ts';
import { started, type CoreName } from './bare-machine.ts';
import { expectAsBefore } from './golden-file.ts';
import { ADDRESSES, busy, KEY } from './private-bus.ts';

/** Each core with the one that it is compared with. */
const CORES: readonly (readonly [core: CoreName, kin: CoreName | null])[] = [
  ['m0', null],
  ['m0plus', 'm0'],
  ['m4', null],
  ['m3', 'm4'],
  ['m33', 'm4'],
  ['m7', 'm4'],
];
/** Of other words that a write changes so many are told. */
const MOST_TOLD = 3;
const hex = (n: number): string => (n >>> 0).toString(16);

function attempt<T>(what: () => T): T | null {
  try {
    return what();
  } catch (e) {
    if (!(e instanceof GuestFault)) throw e;
    return null;
  }
}
/** Every system exception and every third line is pending, enabled and active, its line high. */
function full(core: CoreName): { readonly machine: Machine; readonly cpu: Core } {
  const { machine, cpu } = started(core);
  const system = cpu.profile.arch === 'v6m' ? 0xc804 : 0xd87c;
  cpu.set(SCS.SYS_ACTIVE, system);
  cpu.set(SCS.SYS_PENDING, system);
  for (let line = 0; line < cpu.row.nvicLines; line += 3)
    for (const bitmap of [S.NVIC_ACTIVE, S.NVIC_PENDING, S.NVIC_ENABLED, S.NVIC_LEVEL]) {
      const at = bitmap + 4 * (line >>> 5);
      cpu.set(at, cpu.get(at) | (1 << (line & 31)));
    }
  cpu.set(S.IPSR, 15);
  cpu.set(SCS.CFSR, -1);
  cpu.set(SCS.HFSR, -1);
  cpu.interruptsChanged();
  return { machine, cpu };
}
type State = (core: CoreName) => { readonly machine: Machine; readonly cpu: Core };

function told(core: CoreName, state: State): { readonly address: number; readonly text: string }[] {
  const { machine, cpu } = state(core);
  const fresh = machine.save();
  const all = (): (number | null)[] => ADDRESSES.map((address) => cpu.peek(address, 4));
  const before = all();
  const others = (address: number, now: readonly (number | null)[]): string => {
    const changed = ADDRESSES.flatMap((a, i) => (a !== address && now[i] !== before[i] ? [`${hex(a)}=${hex(now[i] ?? 0)}`] : []));
    const more = changed.length > MOST_TOLD ? ` and ${changed.length - MOST_TOLD} more` : '';
    return changed.length === 0 ? '' : ` (${changed.slice(0, MOST_TOLD).join(' ')}${more})`;
  };
  return ADDRESSES.map((address, i) => {
    const held = before[i];
    if (held === null || held === undefined) return { address, text: 'bus error' };
    const tries = [0xffff_ffff, 0, KEY | 0x300].map((value) => {
      machine.restore(fresh);
      const refused = attempt(() => cpu.write(address, 4, value, true)) === null;
      const now = all();
      return `${refused ? 'refused ' : ''}${hex(now[i]!)}${others(address, now)}`;
    });
    machine.restore(fresh);
    const read = attempt(() => cpu.read(address, 4, true)) ?? 0;
    const after = cpu.peek(address, 4)!;
    const byRead = read === held && after === held ? '' : `, read ${hex(read)} leaves ${hex(after)}`;
    const constant = tries.every((text) => text === hex(held));
    const [ones, zeros, keyed] = tries as [string, string, string];
    const byKey = /e000ed0c$/.test(hex(address)) ? `, 05fa0300 → ${keyed}` : '';
    const text = constant ? `is ${hex(held)}` : `${hex(held)}, ones → ${ones}, zeros → ${zeros}${byKey}`;
    return { address, text: `${text}${byRead}` };
  });
}
/** Neighbours that do the same share a line. */
function lines(of: readonly { readonly address: number; readonly text: string }[]): string[] {
  const spans: { from: number; to: number; text: string }[] = [];
  for (const { address, text } of of) {
    const last = spans.at(-1);
    if (last && last.to + 4 === address && last.text === text) last.to = address;
    else spans.push({ from: address, to: address, text });
  }
  return spans.map(({ from, to, text }) => `${hex(from)}${to === from ? '' : `-${hex(to)}`} ${text}`);
}

it.each(CORES)('%s: words of its own bus, but for those of %s', (core, kin) => {
  const of = (state: State): string[] => {
    const known = kin === null ? [] : told(kin, state);
    return lines(told(core, state).filter(({ text }, i) => text !== known[i]?.text));
  };
  // of the second state only what is other than in the first
  const first = of(busy);
  const second = of(full).filter((line) => !first.includes(line));
  expectAsBefore([...first, 'with everything pending and active:', ...second], new URL(`./each-register/${core}.txt`, import.meta.url));
});
