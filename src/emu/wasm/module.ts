/** A WebAssembly module writer: types, imports, functions, one imported memory, one table. Knows nothing of Arm. */
import { OP, TYPE_CODE, VOID_BLOCK, type WasmType } from './opcodes.ts';

/** Growing byte buffer with the LEB128 encodings. */
class Bytes {
  private data = new Uint8Array(256);
  length = 0;

  private grow(needed: number): void {
    const grown = new Uint8Array(Math.max(this.data.length * 2, needed));
    grown.set(this.data);
    this.data = grown;
  }
  byte(b: number): void {
    if (this.length === this.data.length) this.grow(0);
    this.data[this.length++] = b;
  }
  bytes(list: ArrayLike<number>): void {
    const end = this.length + list.length;
    if (end > this.data.length) this.grow(end);
    this.data.set(list, this.length);
    this.length = end;
  }
  u32(n: number): void {
    n >>>= 0;
    do {
      const b = n & 0x7f;
      n >>>= 7;
      this.byte(n === 0 ? b : b | 0x80);
    } while (n !== 0);
  }
  s32(n: number): void {
    n |= 0;
    for (;;) {
      const b = n & 0x7f;
      n >>= 7;
      if ((n === 0 && (b & 0x40) === 0) || (n === -1 && (b & 0x40) !== 0)) {
        this.byte(b);
        return;
      }
      this.byte(b | 0x80);
    }
  }
  s64(n: bigint): void {
    for (;;) {
      const b = Number(n & 0x7fn);
      n >>= 7n;
      if ((n === 0n && (b & 0x40) === 0) || (n === -1n && (b & 0x40) !== 0)) {
        this.byte(b);
        return;
      }
      this.byte(b | 0x80);
    }
  }
  name(text: string): void {
    const encoded = new TextEncoder().encode(text);
    this.u32(encoded.length);
    this.bytes(encoded);
  }
  /** A length-prefixed copy of another buffer. */
  sized(other: Bytes): void {
    this.u32(other.length);
    this.bytes(other.view());
  }
  view(): Uint8Array {
    return this.data.subarray(0, this.length);
  }
}

/** A branch target inside a function body. Opaque: `br` works out the depth. */
export interface Label {
  readonly level: number;
}

/** What a conditional branch does nearly always: the host lays the other way out of the way, and keeps its registers for this one. */
export type Expected = 'taken' | 'not taken';

/** One function body under construction. Locals are pooled by type; scopes give them back. */
export class FunctionBody {
  readonly code = new Bytes();
  /** Places in `code` of `br_if` and `if` that are expected to go one way, in ascending order. */
  readonly expected: { readonly at: number; readonly taken: boolean }[] = [];
  private readonly locals: WasmType[];
  private readonly params: number;
  private readonly free: Record<WasmType, number[]> = { i32: [], i64: [], f32: [], f64: [] };
  private level = 0;

  constructor(params: readonly WasmType[]) {
    this.locals = [...params];
    this.params = params.length;
  }
  newLocal(type: WasmType): number {
    const reused = this.free[type].pop();
    if (reused !== undefined) return reused;
    return this.locals.push(type) - 1;
  }
  freeLocal(index: number): void {
    const list = this.free[this.locals[index]!];
    if (list.includes(index)) throw new Error(`local ${index} freed twice`);
    list.push(index);
  }
  op(code: number): void {
    this.code.byte(code);
  }
  i32(n: number): void {
    this.code.byte(OP['i32.const']);
    this.code.s32(n);
  }
  get(local: number): void {
    this.code.byte(OP['local.get']);
    this.code.u32(local);
  }
  set(local: number): void {
    this.code.byte(OP['local.set']);
    this.code.u32(local);
  }
  tee(local: number): void {
    this.code.byte(OP['local.tee']);
    this.code.u32(local);
  }
  call(func: number): void {
    this.code.byte(OP.call);
    this.code.u32(func);
  }
  /** Memory instruction with natural alignment hint 0 (unaligned is allowed and costs nothing). */
  memory(code: number, offset: number): void {
    this.code.byte(code);
    this.code.u32(0);
    this.code.u32(offset);
  }
  private open(code: number, type: WasmType | null): Label {
    this.code.byte(code);
    this.code.byte(type ? TYPE_CODE[type] : VOID_BLOCK);
    return { level: ++this.level };
  }
  block(type: WasmType | null = null): Label {
    return this.open(OP.block, type);
  }
  loop(): Label {
    return this.open(OP.loop, null);
  }
  private expect(way: Expected | undefined): void {
    if (way !== undefined) this.expected.push({ at: this.code.length, taken: way === 'taken' });
  }
  /** `taken`: its body is run. */
  if(type: WasmType | null = null, way?: Expected): Label {
    this.expect(way);
    return this.open(OP.if, type);
  }
  else(): void {
    this.code.byte(OP.else);
  }
  end(label: Label): void {
    if (label.level !== this.level) throw new Error('blocks are not closed in order');
    this.level--;
    this.code.byte(OP.end);
  }
  br(label: Label): void {
    this.code.byte(OP.br);
    this.code.u32(this.level - label.level);
  }
  brIf(label: Label, way?: Expected): void {
    this.expect(way);
    this.code.byte(OP.br_if);
    this.code.u32(this.level - label.level);
  }
  brTable(targets: readonly Label[], fallback: Label): void {
    this.code.byte(OP.br_table);
    this.code.u32(targets.length);
    for (const t of targets) this.code.u32(this.level - t.level);
    this.code.u32(this.level - fallback.level);
  }
  private declarations(): Bytes {
    const out = new Bytes();
    const own = this.locals.slice(this.params);
    const runs: { type: WasmType; count: number }[] = [];
    for (const type of own) {
      const last = runs.at(-1);
      if (last?.type === type) last.count++;
      else runs.push({ type, count: 1 });
    }
    out.u32(runs.length);
    for (const r of runs) {
      out.u32(r.count);
      out.byte(TYPE_CODE[r.type]);
    }
    return out;
  }
  finish(): Bytes {
    if (this.level !== 0) throw new Error(`${this.level} blocks left open`);
    const out = this.declarations();
    out.bytes(this.code.view());
    out.byte(OP.end);
    return out;
  }
  /** The function's part of the section of branch hints: places count from the declarations of its locals. */
  hints(): Bytes {
    const out = new Bytes();
    const start = this.declarations().length;
    out.u32(this.expected.length);
    for (const { at, taken } of this.expected) {
      out.u32(start + at);
      out.bytes([1, taken ? 1 : 0]);
    }
    return out;
  }
}

interface Signature {
  readonly params: readonly WasmType[];
  readonly result: WasmType | null;
}

export class ModuleWriter {
  private readonly types: string[] = [];
  private readonly signatures: Signature[] = [];
  private readonly imports: { name: string; type: number }[] = [];
  private readonly functions: { type: number; body: FunctionBody | null }[] = [];
  private readonly exports: { name: string; index: number }[] = [];
  private readonly names: { name: string; index: number }[] = [];
  private table: number[] = [];
  private readonly tables: string[] = [];

  type(params: readonly WasmType[], result: WasmType | null): number {
    const key = `${params.join()}>${result}`;
    let i = this.types.indexOf(key);
    if (i < 0) {
      i = this.types.push(key) - 1;
      this.signatures.push({ params, result });
    }
    return i;
  }
  /** Imports function `env.name`. All imports come before the first `declare`. */
  importFunction(name: string, params: readonly WasmType[], result: WasmType | null): number {
    if (this.functions.length) throw new Error('imports come before functions');
    return this.imports.push({ name, type: this.type(params, result) }) - 1;
  }
  /** Imports table `env.name` of functions; tables of the module itself come behind it. */
  importTable(name: string): number {
    return this.tables.push(name) - 1;
  }
  /** Reserves a function index; `define` gives it its body. */
  declare(params: readonly WasmType[], result: WasmType | null): number {
    return this.imports.length + this.functions.push({ type: this.type(params, result), body: null }) - 1;
  }
  body(index: number): FunctionBody {
    const f = this.functions[index - this.imports.length]!;
    return (f.body = new FunctionBody(this.signatures[f.type]!.params));
  }
  export(name: string, index: number): void {
    this.exports.push({ name, index });
  }
  /** What profilers and stack traces call a function. In ascending order of the index. */
  nameFunction(index: number, name: string): void {
    this.names.push({ index, name });
  }
  /** Contents of the module's own table 0, by function index. */
  setTable(functions: readonly number[]): void {
    this.table = [...functions];
  }

  finish(): Uint8Array<ArrayBuffer> {
    const out = new Bytes();
    out.bytes([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
    const section = (id: number, fill: (s: Bytes) => void): void => {
      const s = new Bytes();
      fill(s);
      out.byte(id);
      out.sized(s);
    };
    section(1, (s) => {
      s.u32(this.signatures.length);
      for (const t of this.signatures) {
        s.byte(0x60);
        s.u32(t.params.length);
        for (const p of t.params) s.byte(TYPE_CODE[p]);
        s.u32(t.result ? 1 : 0);
        if (t.result) s.byte(TYPE_CODE[t.result]);
      }
    });
    section(2, (s) => {
      s.u32(this.imports.length + this.tables.length + 1);
      s.name('env');
      s.name('memory');
      s.bytes([0x02, 0x00]);
      s.u32(1);
      for (const t of this.tables) {
        s.name('env');
        s.name(t);
        s.bytes([0x01, 0x70, 0x00]);
        s.u32(1);
      }
      for (const i of this.imports) {
        s.name('env');
        s.name(i.name);
        s.byte(0x00);
        s.u32(i.type);
      }
    });
    section(3, (s) => {
      s.u32(this.functions.length);
      for (const f of this.functions) s.u32(f.type);
    });
    if (this.table.length)
      section(4, (s) => {
        s.bytes([1, 0x70, 0x00]);
        s.u32(this.table.length);
      });
    section(7, (s) => {
      s.u32(this.exports.length);
      for (const e of this.exports) {
        s.name(e.name);
        s.byte(0x00);
        s.u32(e.index);
      }
    });
    if (this.table.length)
      section(9, (s) => {
        // active segment of the module's own table, which stands behind the imported ones
        s.bytes([1, 0x02]);
        s.u32(this.tables.length);
        s.bytes([OP['i32.const'], 0, OP.end, 0x00]);
        s.u32(this.table.length);
        for (const f of this.table) s.u32(f);
      });
    const hinted = this.functions.flatMap((f, i) =>
      f.body!.expected.length > 0 ? [{ index: this.imports.length + i, body: f.body! }] : [],
    );
    // WebAssembly branch hinting: hosts that do not know it skip a custom section
    if (hinted.length > 0)
      section(0, (s) => {
        s.name('metadata.code.branch_hint');
        s.u32(hinted.length);
        for (const { index, body } of hinted) {
          s.u32(index);
          s.bytes(body.hints().view());
        }
      });
    section(10, (s) => {
      s.u32(this.functions.length);
      for (const f of this.functions) s.sized(f.body!.finish());
    });
    if (this.names.length) {
      // custom section `name`, subsection 1: function names; profilers show them
      const list = new Bytes();
      list.u32(this.names.length);
      for (const n of this.names) {
        list.u32(n.index);
        list.name(n.name);
      }
      section(0, (s) => {
        s.name('name');
        s.byte(1);
        s.sized(list);
      });
    }
    return out.view().slice();
  }
}
