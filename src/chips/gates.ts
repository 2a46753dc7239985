/** Bits that the SVD has forgotten, or that a part has and its kin has not: gates of RCC, and fields by name. Data only. */
import type { BlockRow } from '../emu/chip.ts';
import type { BlockFacts, FieldFact, RegisterFact } from '../emu/registers.ts';
import { factsOnDemand, fieldsOf } from './facts.ts';

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

/** A block with these fields in one of its registers, which software writes. @param code `NAME:bit:width …`; `-NAME` goes, `=40000000` is the reset value */
export function withFields(block: string, of: () => BlockFacts, register: string, code: string): BlockFacts {
  const words = code.split(' ');
  const reset = words.find((word) => word.startsWith('='))?.slice(1);
  const added = fieldsOf(words.filter((word) => /^\w/.test(word)).join(' '));
  const gone = new Set([...added.map((f) => f.name), ...words.filter((word) => word.startsWith('-')).map((word) => word.slice(1))]);
  const changed = (r: RegisterFact): RegisterFact => ({
    name: r.name,
    offset: r.offset,
    size: r.size,
    reset: reset === undefined ? r.reset : parseInt(reset, 16),
    writable: ((r.writable & ~maskOf(r.fields.filter((f) => gone.has(f.name)))) | maskOf(added)) >>> 0,
    fields: [...r.fields.filter((f) => !gone.has(f.name)), ...added],
  });
  return factsOnDemand(block, () => of().registers.map((r) => (r.name === register ? changed(r) : r)));
}

/** @param name in RCC */
export function gatedBy(name: string, gate: Gate): Pick<BlockRow, 'clock' | 'reset'> {
  const [bus, , only] = gate.split(' ');
  return { clock: `${bus}ENR.${name}EN`, ...(only === 'enable' ? {} : { reset: `${bus}RSTR.${name}RST` }) };
}
