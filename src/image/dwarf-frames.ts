/**
 * Call frame information: how the caller's registers are found at an instruction. .debug_frame of DWARF 2 to 5, section 6.4, and .eh_frame with plain or
 * relative addresses. Damaged entries are dropped; nothing here throws.
 */
import { DwarfError, DwarfReader } from './dwarf-reader.ts';
import { LeftOut } from './left-out.ts';
import { Stretches } from './stretches.ts';
import { Work } from './work.ts';

/** DWARF numbers of the core registers (IHI0040). */
export const DWARF_REGISTERS = { SP: 13, LR: 14, PC: 15 } as const;

/** Where a register of the caller is: at CFA + `at`, in another register, as it is, or lost. */
export type RegisterRule =
  | { readonly kind: 'at'; readonly at: number }
  | { readonly kind: 'register'; readonly register: number }
  | { readonly kind: 'same' }
  | { readonly kind: 'lost' };

export interface FrameRules {
  /** Canonical frame address: the caller's SP. */
  readonly cfa: { readonly register: number; readonly offset: number };
  /** Rules of registers that are not as they were. */
  readonly registers: ReadonlyMap<number, RegisterRule>;
  readonly returnRegister: number;
  /** First address of the function that they are about. */
  readonly from: number;
}

interface Cie {
  readonly codeAlign: number;
  readonly dataAlign: number;
  readonly returnRegister: number;
  readonly program: DwarfReader;
  readonly hasAugmentationData: boolean;
  /** Encoding of addresses in .eh_frame. */
  readonly encoding: number;
}
interface Fde {
  readonly cie: Cie;
  readonly from: number;
  readonly to: number;
  readonly program: DwarfReader;
}

export class FrameTable {
  private readonly debugFrame: Uint8Array | null;
  private readonly ehFrame: { readonly bytes: Uint8Array; readonly address: number } | null;
  private readonly inCode: (address: number) => boolean;
  private readonly work: Work;
  private entries: Stretches<Fde> | null = null;
  /** By instruction. */
  private readonly rules = new Map<number, FrameRules | null>();

  /** `ehFrame` with the address that it is loaded at; `inCode`: whether the image has code there. */
  constructor(
    debugFrame: Uint8Array | null,
    ehFrame: { readonly bytes: Uint8Array; readonly address: number } | null,
    inCode: (address: number) => boolean,
    work = new Work(new LeftOut()),
  ) {
    this.work = work;
    this.debugFrame = debugFrame;
    this.ehFrame = ehFrame;
    this.inCode = inCode;
  }

  /** How to find the caller of the instruction at `pc`; null where nothing is known. */
  rulesAt(pc: number): FrameRules | null {
    const known = this.rules.get(pc);
    if (known !== undefined) return known;
    let found: FrameRules | null = null;
    try {
      const [entry] = (this.entries ??= this.read()).around(pc, this.work);
      if (entry !== undefined) found = rulesOf(entry, pc, this.work);
    } catch (error) {
      if (!(error instanceof DwarfError)) throw error;
    }
    if (!this.work.isCut) this.rules.set(pc, found);
    return found;
  }
  private read(): Stretches<Fde> {
    const all = [
      ...(this.debugFrame === null ? [] : readEntries(this.debugFrame, null, this.work)),
      ...(this.ehFrame === null ? [] : readEntries(this.ehFrame.bytes, this.ehFrame.address, this.work)),
    ];
    return new Stretches(all.filter((e) => this.inCode(e.from)));
  }
}

const CIE_ID = 0xffffffff;
const PCREL = 0x10;
/** Several times as many as the firmware of any chip has functions; nobody hears signals while they are read. */
const MOST_ENTRIES = 2 ** 17;

function readEntries(bytes: Uint8Array, loadedAt: number | null, { leftOut }: Work): Fde[] {
  const entries: Fde[] = [];
  const cies = new Map<number, Cie | null>();
  const r = new DwarfReader(bytes);
  for (let n = 0; r.left >= 8; n++) {
    if (n === MOST_ENTRIES) {
      leftOut.add(`what is behind ${MOST_ENTRIES} entries of call frame information`);
      break;
    }
    try {
      const length = r.u32();
      // an end mark in .eh_frame; 64-bit DWARF does not occur on 32-bit machines
      if (length === 0 || length >= 0xfffffff0 || length > r.left) break;
      const body = new DwarfReader(bytes, r.at, r.at + length);
      r.at += length;
      try {
        const fde = readEntry(body, bytes, loadedAt, cies);
        if (fde !== null) entries.push(fde);
      } catch (error) {
        if (!(error instanceof DwarfError)) throw error;
      }
    } catch (error) {
      if (error instanceof DwarfError) break;
      throw error;
    }
  }
  return entries;
}

function readEntry(body: DwarfReader, bytes: Uint8Array, loadedAt: number | null, cies: Map<number, Cie | null>): Fde | null {
  const start = body.at - 4;
  const idAt = body.at;
  const id = body.u32();
  if (loadedAt === null ? id === CIE_ID : id === 0) {
    cies.set(start, readCie(body));
    return null;
  }
  const cie = cies.get(loadedAt === null ? id : idAt - id) ?? null;
  if (cie === null) return null;
  const encoded = (): number => {
    const at = body.at;
    const value = body.u32();
    return loadedAt !== null && (cie.encoding & 0x70) === PCREL ? (value + loadedAt + at) >>> 0 : value;
  };
  const from = (encoded() & ~1) >>> 0;
  const size = body.u32();
  if (cie.hasAugmentationData) body.skip(body.uleb());
  return { cie, from, to: from + size, program: new DwarfReader(bytes, body.at, body.end) };
}

/** No augmentation, or the name of armcc with one letter for each quirk: `+` says that its offsets are those of the standard. */
const PLAIN = /^$|^armcc.*\+/;

function readCie(body: DwarfReader): Cie | null {
  const version = body.u8();
  if (version !== 1 && version !== 3 && version !== 4) return null;
  const augmentation = body.string();
  if (version === 4) body.skip(2); // sizes of addresses and segments
  const codeAlign = body.uleb();
  const dataAlign = body.sleb();
  const returnRegister = version === 1 ? body.u8() : body.uleb();
  let encoding = 0;
  const hasAugmentationData = augmentation.startsWith('z');
  if (!hasAugmentationData && !PLAIN.test(augmentation)) return null;
  if (hasAugmentationData) {
    const end = body.uleb() + body.at;
    for (const letter of augmentation.slice(1)) {
      if (letter === 'R') encoding = body.u8();
      else if (letter === 'L') body.u8();
      else if (letter !== 'S') break;
    }
    body.at = Math.min(end, body.end);
  }
  // only addresses of four bytes
  if ((encoding & 0x0f) !== 0 && (encoding & 0x07) !== 3) return null;
  return { codeAlign, dataAlign, returnRegister, program: new DwarfReader(body.bytes, body.at, body.end), hasAugmentationData, encoding };
}

interface Row {
  cfa: { register: number; offset: number };
  registers: Map<number, RegisterRule>;
}
const MOST_STATES = 64;
/** The numbers of a core's registers end at 323 (IHI0040). */
const MOST_REGISTERS = 512;
/** What is remembered of a row, up to a bound. */
class States {
  private readonly work: Work;
  constructor(work: Work) {
    this.work = work;
  }
  copyOf(row: Row): Row {
    // an entry of a map takes as long as some bytes of a program
    this.work.take(8 * row.registers.size);
    return { cfa: { ...row.cfa }, registers: new Map(row.registers) };
  }
  mustHold({ registers }: Row): void {
    if (registers.size <= MOST_REGISTERS) return;
    this.work.leftOut.add(`call frame information of more than ${MOST_REGISTERS} registers`);
    throw new DwarfError('more registers than a core has');
  }
  /** @param saved of the program that asks */
  remember(saved: Row[], row: Row): void {
    if (saved.length === MOST_STATES) throw new DwarfError('states too deep');
    saved.push(this.copyOf(row));
  }
}

function rulesOf({ cie, from, program }: Fde, pc: number, work: Work): FrameRules | null {
  work.take(cie.program.left + program.left);
  const row: Row = { cfa: { register: DWARF_REGISTERS.SP, offset: 0 }, registers: new Map() };
  const states = new States(work);
  execute(cie, cie.program, row, null, states, { from, pc });
  execute(cie, program, row, states.copyOf(row), states, { from, pc });
  return { cfa: row.cfa, registers: row.registers, returnRegister: cie.returnRegister, from };
}

/** The function, and the instruction that is asked about. */
interface Where {
  readonly from: number;
  readonly pc: number;
}
/** Runs a program up to the row that holds at `pc`. `initial`: what DW_CFA_restore goes back to. */
function execute(cie: Cie, whole: DwarfReader, row: Row, initial: Row | null, states: States, { from, pc }: Where): void {
  const r = new DwarfReader(whole.bytes, whole.at, whole.end);
  const saved: Row[] = [];
  let location = from;
  const put = (register: number, rule: RegisterRule): void => {
    row.registers.set(register, rule);
    states.mustHold(row);
  };
  const at = (n: number): RegisterRule => ({ kind: 'at', at: n * cie.dataAlign });
  const restore = (register: number): void => {
    const before = initial?.registers.get(register);
    if (before === undefined) row.registers.delete(register);
    else put(register, before);
  };
  while (r.left > 0) {
    const byte = r.u8();
    const low = byte & 0x3f;
    let advance = 0;
    if (byte >>> 6 === 1) advance = low;
    else if (byte >>> 6 === 2) put(low, at(r.uleb()));
    else if (byte >>> 6 === 3) restore(low);
    else if (byte === 0x02) advance = r.u8();
    else if (byte === 0x03) advance = r.u16();
    else if (byte === 0x04) advance = r.u32();
    else executeExtended(byte, r, row, saved, { put, at, restore, dataAlign: cie.dataAlign, states });
    location += advance * cie.codeAlign;
    if (advance > 0 && location > pc) return;
  }
}

interface Actions {
  put(register: number, rule: RegisterRule): void;
  at(n: number): RegisterRule;
  restore(register: number): void;
  readonly dataAlign: number;
  readonly states: States;
}
// eslint-disable-next-line complexity -- one case for each instruction (DWARF 4, 6.4.2)
function executeExtended(code: number, r: DwarfReader, row: Row, saved: Row[], { put, at, restore, dataAlign, states }: Actions): void {
  switch (code) {
    case 0x00: // nop
      return;
    case 0x05: // offset_extended
      return put(r.uleb(), at(r.uleb()));
    case 0x06: // restore_extended
      return restore(r.uleb());
    case 0x07: // undefined
      return put(r.uleb(), { kind: 'lost' });
    case 0x08: // same_value
      return put(r.uleb(), { kind: 'same' });
    case 0x09: // register
      return put(r.uleb(), { kind: 'register', register: r.uleb() });
    case 0x0a: // remember_state
      return states.remember(saved, row);
    case 0x0b: {
      // restore_state
      const before = saved.pop();
      if (before) Object.assign(row, before);
      return;
    }
    case 0x0c: // def_cfa
      row.cfa = { register: r.uleb(), offset: r.uleb() };
      return;
    case 0x0d: // def_cfa_register
      row.cfa = { ...row.cfa, register: r.uleb() };
      return;
    case 0x0e: // def_cfa_offset
      row.cfa = { ...row.cfa, offset: r.uleb() };
      return;
    case 0x11: // offset_extended_sf
      return put(r.uleb(), at(r.sleb()));
    case 0x12: // def_cfa_sf
      row.cfa = { register: r.uleb(), offset: r.sleb() * dataAlign };
      return;
    case 0x13: // def_cfa_offset_sf
      row.cfa = { ...row.cfa, offset: r.sleb() * dataAlign };
      return;
    case 0x2e: // GNU_args_size
      r.uleb();
      return;
    default:
      // expressions: no compiler for these cores makes them
      throw new DwarfError(`frame instruction 0x${code.toString(16)}`);
  }
}
