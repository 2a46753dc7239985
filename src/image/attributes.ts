/**
 * Build attributes of an ELF file (.ARM.attributes): which architecture and which FPU the compiler was told. Source: Addenda to the ABI for
 * the Arm Architecture (IHI0045), "public aeabi attributes". Every length is checked; what cannot be read is left out.
 */
export interface BuildAttributes {
  /** Tag_CPU_arch. */
  readonly architecture: number | null;
  /** Tag_FP_arch, 0 = no FPU. */
  readonly fpu: number;
  /** Code for double precision may be in it. */
  readonly doublePrecision: boolean;
}

const FORMAT_A = 0x41;
const SCOPE_FILE = 1;
const TAG = { CPU_RAW_NAME: 4, CPU_NAME: 5, CPU_ARCH: 6, FP_ARCH: 10, ABI_HARD_FP_USE: 27, COMPATIBILITY: 32 } as const;
const HARD_FP_SINGLE = 1;

/** Bytes: compilers write some dozens. */
const MOST_BYTES = 1 << 16;

export function readAttributes(section: Uint8Array | null): BuildAttributes | null {
  if (section === null || section[0] !== FORMAT_A || section.length > MOST_BYTES) return null;
  const values = new Map<number, number>();
  const view = new DataView(section.buffer, section.byteOffset, section.byteLength);
  for (let at = 1; at + 4 <= section.length;) {
    const end = at + view.getUint32(at, true);
    if (end <= at + 4 || end > section.length) return null;
    const vendor = new Cursor(section, at + 4, end);
    if (vendor.text() === 'aeabi') readScopes(vendor, view, values);
    at = end;
  }
  const fpu = values.get(TAG.FP_ARCH) ?? 0;
  return {
    architecture: values.get(TAG.CPU_ARCH) ?? null,
    fpu,
    doublePrecision: fpu !== 0 && values.get(TAG.ABI_HARD_FP_USE) !== HARD_FP_SINGLE,
  };
}

function readScopes(from: Cursor, view: DataView, values: Map<number, number>): void {
  while (!from.done) {
    const start = from.at;
    const scope = from.number();
    if (from.at + 4 > from.end) return;
    const end = start + view.getUint32(from.at, true);
    if (end <= from.at + 4 || end > from.end) return;
    const inner = new Cursor(from.bytes, from.at + 4, end);
    while (scope === SCOPE_FILE && !inner.done) {
      const tag = inner.number();
      if (tag === TAG.COMPATIBILITY) {
        inner.number();
        inner.text();
      } else if (tag === TAG.CPU_RAW_NAME || tag === TAG.CPU_NAME || (tag > TAG.COMPATIBILITY && tag % 2 === 1)) inner.text();
      else values.set(tag, inner.number());
    }
    from.at = end;
  }
}

/** Reads on through `bytes`; past `end` numbers are 0 and texts empty. */
class Cursor {
  readonly bytes: Uint8Array;
  at: number;
  readonly end: number;
  constructor(bytes: Uint8Array, at: number, end: number) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }
  get done(): boolean {
    return this.at >= this.end;
  }
  /** ULEB128; values here are small. */
  number(): number {
    let value = 0;
    for (let scale = 1; !this.done; scale *= 128) {
      const byte = this.bytes[this.at++]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) break;
    }
    return value;
  }
  text(): string {
    let text = '';
    while (!this.done) {
      const byte = this.bytes[this.at++]!;
      if (byte === 0) break;
      text += String.fromCharCode(byte);
    }
    return text;
  }
}
