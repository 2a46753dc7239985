import { describe, expect, it } from 'vitest';
import { findWire, numberedWires, wire, Wires, wiresByNumber } from '../../src/emu/wires.ts';

describe('Wires', () => {
  it('are 0 until they are set; setting the same value again is no change', () => {
    const wires = new Wires();
    const a = wire('a');
    expect(wires.get(a)).toBe(0);
    expect(wires.set(a, 0)).toBe(false);
    expect(wires.set(a, 2)).toBe(true);
    expect(wires.set(a, 2)).toBe(false);
    expect(wires.get(a)).toBe(2);
  });
  it('come back as they were saved, those too that did not exist then, however many there are', () => {
    const wires = new Wires();
    const early = wire('early');
    wires.set(early, 1);
    const saved = wires.save();
    const late = Array.from({ length: 1000 }, (_, i) => wire(`late.${i}`));
    late.forEach((w, i) => wires.set(w, i + 1));
    const later = wires.save();
    wires.set(early, 5);
    wires.restore(saved);
    expect(wires.get(early)).toBe(1);
    expect(late.filter((w) => wires.get(w) !== 0)).toEqual([]);
    wires.restore(later);
    expect(late.map((w) => wires.get(w))).toEqual(late.map((_, i) => i + 1));
    const other = new Wires();
    other.restore(later);
    expect(late.map((w) => other.get(w))).toEqual(late.map((_, i) => i + 1));
  });
  it('one wire has one object, whoever declares it, and a name that nobody declares is none', () => {
    expect(wire('twice')).toBe(wire('twice'));
    expect(findWire('twice')).toBe(wire('twice'));
    expect(findWire('never declared')).toBeUndefined();
  });

  it('have numbers where a table gives them some', () => {
    const [a, b, c] = ['numbered.a', 'numbered.b', 'numbered.c'].map(wire);
    const numberOf = numberedWires(new Map([[a!, 7], [b!, 0]])); // prettier-ignore
    expect([a, b, c, wire('a')].map((w) => numberOf(w!))).toEqual([7, 0, -1, -1]);
    expect(numberedWires(new Map())(wire('a'))).toBe(-1);
    expect(wiresByNumber({ 3: 'numbered.a', 5: 'numbered.b' })).toEqual({ 3: a, 5: b });
  });
});
