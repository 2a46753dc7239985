import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { frame, FrameReader, fromHex, LONGEST_PACKET, toHex } from '../../src/debug/packets.ts';

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));
const anyText = fc.array(fc.integer({ min: 0, max: 255 })).map((list) => String.fromCharCode(...list));

describe('frames of the remote serial protocol', () => {
  it('carry any bytes, in pieces of any size', () => {
    fc.assert(
      fc.property(fc.array(anyText), fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (texts, sizes) => {
        const all = texts.flatMap((t) => [...frame(t)]);
        const reader = new FrameReader();
        const seen: string[] = [];
        for (let at = 0, i = 0; at < all.length; i++) {
          const size = sizes[i % sizes.length]!;
          for (const f of reader.read(Uint8Array.from(all.slice(at, at + size)))) if (f.kind === 'packet') seen.push(f.text);
          at += size;
        }
        expect(seen).toEqual(texts);
      }),
    );
  });

  it('are found again behind garbage', () => {
    fc.assert(
      fc.property(fc.uint8Array(), anyText, (garbage, text) => {
        const reader = new FrameReader();
        reader.read(garbage);
        // whatever state the garbage left: it ends with a checksum, and an unescaped `$` begins anew
        reader.read(bytes('#00'));
        expect(reader.read(frame(text)).at(-1)).toEqual({ kind: 'packet', text });
      }),
    );
  });

  it('with a wrong checksum, without one, or too long are told apart from packets', () => {
    const reader = new FrameReader();
    expect(reader.read(bytes('$g#00'))).toEqual([{ kind: 'bad-checksum' }]);
    expect(reader.read(bytes('$g#zz'))).toEqual([{ kind: 'bad-checksum' }]);
    expect(reader.read(bytes(`$${'a'.repeat(LONGEST_PACKET + 1)}#00`))).toEqual([{ kind: 'too-long' }]);
    expect(reader.read(bytes('\x03+-'))).toEqual([{ kind: 'interrupt' }, { kind: 'ack' }, { kind: 'nack' }]);
  });

  it('turn bytes into hexadecimal digits and back', () => {
    fc.assert(fc.property(fc.uint8Array(), (b) => void expect([...fromHex(toHex(b))!]).toEqual([...b])));
    expect(fromHex('0')).toBeNull();
    expect(fromHex('0g')).toBeNull();
  });
});
