/** Bits of RCC that enable and reset blocks which the SVD has forgotten, or which a part has and its kin has not. Data only. */
import type { BlockRow } from '../emu/chip.ts';
import type { BlockFacts, FieldFact, RegisterFact } from '../emu/registers.ts';
import { factsOnDemand } from './facts.ts';

/** `AHB2 4`: bit 4 of AHB2ENR, AHB2RSTR and the register for sleep; `AHB 1 enable`: there is no reset. */
export type Gate = `${string} ${number}${'' | ' enable'}`;
/** By the name that RCC has for the block. */
export type Gates = Readonly<Record<string, Gate>>;

const REGISTER_OF_GATES = /^(?:C[12]_)?([AI][HPO]\w*?)(ENR|RSTR|LPENR|SMENR)$/;
const maskOf = (fields: readonly FieldFact[]): number =>
  fields.reduce((mask, { bit, width }) => mask | (width < 32 ? ((1 << width) - 1) << bit : -1), 0);

/** What the gates are in this register: `CRYPEN`, `CRYPRST`, `CRYPLPEN`. */
function bitsOf(register: string, gates: Gates): readonly FieldFact[] {
  const [, bus, kind] = REGISTER_OF_GATES.exec(register) ?? [];
  if (bus === undefined) return [];
  return Object.entries(gates)
    .map(([block, gate]) => ({ name: `${block}${kind!.slice(0, -1)}`, at: gate.split(' ') }))
    .filter(({ at }) => at[0] === bus && !(kind === 'RSTR' && at[2] === 'enable'))
    .map(({ name, at }) => ({ name, bit: Number(at[1]), width: 1 }));
}

function registerWith(of: RegisterFact, gates: Gates, gone: (field: string) => boolean): RegisterFact {
  const kept = of.fields.filter((f) => !gone(f.name));
  const added = bitsOf(of.name, gates).filter((bit) => !kept.some((f) => f.name === bit.name));
  if (kept.length === of.fields.length && added.length === 0) return of;
  const { name, offset, size } = of;
  const came = maskOf(added);
  const lost = maskOf(of.fields.filter((f) => gone(f.name)));
  const fields = [...kept, ...added];
  return { name, offset, size, reset: (of.reset & ~(lost & ~came)) >>> 0, writable: ((of.writable & ~lost) | came) >>> 0, fields };
}

/** RCC with these bits and without the fields that are gone. */
export const rccWith = (rcc: () => BlockFacts, gates: Gates, gone: (field: string) => boolean = () => false): BlockFacts =>
  factsOnDemand('RCC', () => rcc().registers.map((register) => registerWith(register, gates, gone)));

/** @param name in RCC */
export function gatedBy(name: string, gate: Gate): Pick<BlockRow, 'clock' | 'reset'> {
  const [bus, , only] = gate.split(' ');
  return { clock: `${bus}ENR.${name}EN`, ...(only === 'enable' ? {} : { reset: `${bus}RSTR.${name}RST` }) };
}
