/** A cursor over DWARF data. Reading past the end throws DwarfError, which never leaves the DWARF readers. */
import { LeftOut } from './left-out.ts';
import { shortened, stringTable } from './strings.ts';
import { DwarfError, Work } from './work.ts';

export { DwarfError } from './work.ts';

/** Bytes of a LEB128 number: tools pad them to five or ten. */
const LONGEST_NUMBER = 128 ** 20;

export class DwarfReader {
  readonly bytes: Uint8Array;
  at: number;
  readonly end: number;

  constructor(bytes: Uint8Array, at = 0, end = bytes.length) {
    if (at > end || end > bytes.length) throw new DwarfError('offset outside the section');
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }
  get left(): number {
    return this.end - this.at;
  }
  u8(): number {
    if (this.at >= this.end) throw new DwarfError('unexpected end');
    return this.bytes[this.at++]!;
  }
  i8(): number {
    return (this.u8() << 24) >> 24;
  }
  u16(): number {
    return this.u8() | (this.u8() << 8);
  }
  u32(): number {
    return (this.u16() | (this.u16() << 16)) >>> 0;
  }
  /** 64-bit values occur only as sizes and hashes here; anything above 2^53 is as good as malformed. */
  u64(): number {
    const low = this.u32();
    return this.u32() * 2 ** 32 + low;
  }
  skip(n: number): void {
    if (n < 0 || n > this.left) throw new DwarfError('unexpected end');
    this.at += n;
  }
  uleb(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.u8();
      if (scale <= 2 ** 49) value += (byte & 0x7f) * scale;
      scale *= 128;
      if (byte < 0x80) return value;
      if (scale >= LONGEST_NUMBER) throw new DwarfError('a number without an end');
    }
  }
  sleb(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.u8();
      if (scale <= 2 ** 42) value += (byte & 0x7f) * scale;
      scale *= 128;
      if (byte < 0x80) return (byte & 0x40) !== 0 ? value - scale : value;
      if (scale >= LONGEST_NUMBER) throw new DwarfError('a number without an end');
    }
  }
  string(): string {
    const start = this.at;
    let stop = start;
    while (stop < this.end && this.bytes[stop] !== 0) stop++;
    if (stop === this.end) throw new DwarfError('unterminated string');
    this.at = stop + 1;
    return shortened(this.bytes, start, stop);
  }
}

/** Sections that strings and units are looked up in; null = absent. */
export interface DwarfSections {
  readonly line: Uint8Array | null;
  readonly lineStr: Uint8Array | null;
  readonly str: Uint8Array | null;
  readonly info: Uint8Array | null;
  readonly abbrev: Uint8Array | null;
  readonly ranges: Uint8Array | null;
  readonly rngLists: Uint8Array | null;
  readonly addr: Uint8Array | null;
  readonly strOffsets: Uint8Array | null;
  readonly frame: Uint8Array | null;
  /** Source files are named as seen from this folder; null: from the compile folder. */
  readonly seenFrom: string | null;
  readonly leftOut: LeftOut;
  readonly work: Work;
}
/** The debug sections of a file. */
export const debugSections = (
  section: (name: string) => Uint8Array | null,
  leftOut = new LeftOut(),
  seenFrom: string | null = null,
): DwarfSections => ({
  line: section('.debug_line'),
  lineStr: section('.debug_line_str'),
  str: section('.debug_str'),
  info: section('.debug_info'),
  abbrev: section('.debug_abbrev'),
  ranges: section('.debug_ranges'),
  rngLists: section('.debug_rnglists'),
  addr: section('.debug_addr'),
  strOffsets: section('.debug_str_offsets'),
  frame: section('.debug_frame'),
  seenFrom,
  leftOut,
  work: new Work(leftOut),
});

export interface UnitHeader {
  readonly start: number;
  readonly end: number;
  readonly version: number;
  readonly offsetSize: 4 | 8;
}

/** unit_length and version, common to .debug_line and .debug_info. */
export function readUnitHeader(r: DwarfReader): UnitHeader {
  const start = r.at;
  let length = r.u32();
  let offsetSize: 4 | 8 = 4;
  if (length === 0xffffffff) {
    length = r.u64();
    offsetSize = 8;
  } else if (length >= 0xfffffff0) {
    throw new DwarfError('reserved unit length');
  }
  if (length > r.left) throw new DwarfError('unit runs past its section');
  const end = r.at + length;
  return { start, end, version: r.u16(), offsetSize };
}

/** Steps of a string that is looked up. */
const STRING = 8;
/** A string of a section of strings. */
export function stringAt({ work }: DwarfSections, section: Uint8Array | null, at: number): string | null {
  if (section === null) return null;
  work.take(STRING);
  const text = stringTable(section).at(at);
  if (text === null) throw new DwarfError('no string');
  return text;
}

/** An attribute value of a form; only strings and numbers are told apart, blocks are skipped. */
// eslint-disable-next-line complexity, house/own-lines -- one case for each form (DWARF 5, 7.5.6)
export function readForm(
  r: DwarfReader,
  form: number,
  offsetSize: 4 | 8,
  addressSize: number,
  sections: DwarfSections,
  implicit = 0,
): string | number | null {
  const offset = (): number => (offsetSize === 4 ? r.u32() : r.u64());
  // also of those that have no bytes: an entry may have hundreds of them
  sections.work.take(1);
  switch (form) {
    case 0x01: // addr
      return addressSize === 8 ? r.u64() : r.u32();
    case 0x03: // block2
      return skipBlock(r, r.u16());
    case 0x04: // block4
      return skipBlock(r, r.u32());
    case 0x05: // data2
    case 0x12: // ref2
    case 0x26: // strx2
    case 0x2a: // addrx2
      return r.u16();
    case 0x06: // data4
    case 0x13: // ref4
    case 0x1c: // ref_sup4
    case 0x28: // strx4
    case 0x2c: // addrx4
      return r.u32();
    case 0x07: // data8
    case 0x14: // ref8
    case 0x20: // ref_sig8
    case 0x24: // ref_sup8
      return r.u64();
    case 0x08: // string
      return r.string();
    case 0x09: // block
    case 0x18: // exprloc
      return skipBlock(r, r.uleb());
    case 0x0a: // block1
      return skipBlock(r, r.u8());
    case 0x0b: // data1
    case 0x0c: // flag
    case 0x11: // ref1
    case 0x25: // strx1
    case 0x29: // addrx1
      return r.u8();
    case 0x0d: // sdata
      return r.sleb();
    case 0x0e: // strp
      return stringAt(sections, sections.str, offset());
    case 0x0f: // udata
    case 0x15: // ref_udata
    case 0x1a: // strx
    case 0x1b: // addrx
    case 0x22: // loclistx
    case 0x23: // rnglistx
      return r.uleb();
    case 0x10: // ref_addr
    case 0x17: // sec_offset
    case 0x1d: // strp_sup
      return offset();
    case 0x16: // indirect; one level, so that a chain of them cannot run on
      return readForm(r, forbidIndirect(r.uleb()), offsetSize, addressSize, sections);
    case 0x19: // flag_present
      return 1;
    case 0x1e: // data16
      r.skip(16);
      return null;
    case 0x1f: // line_strp
      return stringAt(sections, sections.lineStr, offset());
    case 0x21: // implicit_const
      return implicit;
    case 0x27: // strx3
    case 0x2b: // addrx3
      return r.u16() | (r.u8() << 16);
    default:
      throw new DwarfError(`form 0x${form.toString(16)}`);
  }
}

function skipBlock(r: DwarfReader, length: number): null {
  r.skip(length);
  return null;
}

function forbidIndirect(form: number): number {
  if (form === 0x16) throw new DwarfError('nested indirect form');
  return form;
}
