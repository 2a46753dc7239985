import { describe, expect, it } from 'vitest';
import { ModuleWriter } from '../../../src/emu/wasm/module.ts';
import { OP } from '../../../src/emu/wasm/opcodes.ts';

/** A function that adds 1 where its argument is 0 and 2 elsewhere, with or without hints, and with so many locals declared. */
function written(hinted: boolean, locals: number): Uint8Array<ArrayBuffer> {
  const writer = new ModuleWriter();
  const index = writer.declare(['i32'], 'i32');
  const f = writer.body(index);
  for (let i = 0; i < locals; i++) f.newLocal(i % 2 === 0 ? 'i32' : 'i64');
  const done = f.block();
  f.get(0);
  f.brIf(done, hinted ? 'not taken' : undefined);
  f.get(0);
  f.op(0x45);
  const label = f.if(null, hinted ? 'taken' : undefined);
  f.i32(1);
  f.op(OP.return);
  f.end(label);
  f.end(done);
  f.i32(2);
  writer.export('f', index);
  return writer.finish();
}
const sections = (bytes: Uint8Array<ArrayBuffer>): ArrayBuffer[] =>
  WebAssembly.Module.customSections(new WebAssembly.Module(bytes), 'metadata.code.branch_hint');

describe('branch hints of a module', () => {
  for (const locals of [0, 1, 200])
    it(`name each branch by its place behind the start of the body, ${locals} locals declared`, () => {
      const bytes = written(true, locals);
      const hints = [...new Uint8Array(sections(bytes)[0]!)];
      // one function, number 0, two hints
      expect(hints.slice(0, 3)).toEqual([1, 0, 2]);
      const text = [...bytes];
      // the body ends the module; a section and a body begin with what is behind their length
      const body = text.lastIndexOf(OP.end) + 1 - bodyLength(text);
      const at: { op: number | undefined; taken: number | undefined }[] = [];
      for (let i = 3; i < hints.length;) {
        let offset = hints[i++]!;
        if (offset & 0x80) offset = (offset & 0x7f) | (hints[i++]! << 7);
        expect(hints[i++]).toBe(1);
        at.push({ op: text[body + offset], taken: hints[i++] });
      }
      expect(at).toEqual([
        { op: OP.br_if, taken: 0 },
        { op: OP.if, taken: 1 },
      ]);
    });
  it('are no section of a module that has none, and change nothing of what a function does', () => {
    expect(sections(written(false, 0))).toEqual([]);
    for (const hinted of [true, false]) {
      const f = new WebAssembly.Instance(new WebAssembly.Module(written(hinted, 3)), {
        env: { memory: new WebAssembly.Memory({ initial: 1 }) },
      }).exports['f'] as (n: number) => number;
      expect([f(0), f(1)]).toEqual([1, 2]);
    }
  });
});

/** Bytes of the only body: it begins behind the count of functions and its own length. */
function bodyLength(text: readonly number[]): number {
  for (let i = 0; i < text.length; i++) {
    // code section: id 10, its length, one function, the length of its body
    if (text[i] !== 10) continue;
    const [section, a] = leb(text, i + 1);
    if (a + section !== text.length || text[a] !== 1) continue;
    return leb(text, a + 1)[0];
  }
  throw new Error('no code section');
}
function leb(text: readonly number[], at: number): [value: number, behind: number] {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = text[at++]!;
    value |= (byte & 0x7f) << shift;
    if ((byte & 0x80) === 0) return [value, at];
  }
}
