import { describe, expect, it } from 'vitest';
import { Wires } from '../../src/emu/wires.ts';

describe('Wires', () => {
  it('are 0 until they are set; setting the same value again is no change', () => {
    const wires = new Wires();
    expect(wires.get('a')).toBe(0);
    expect(wires.set('a', 0)).toBe(-1);
    expect(wires.set('a', 2)).toBe(0);
    expect(wires.set('a', 2)).toBe(-1);
    expect(wires.get('a')).toBe(2);
  });
  it('come back as they were saved, those too that did not exist then, however many there are', () => {
    const wires = new Wires();
    wires.set('early', 1);
    const saved = wires.save();
    const names = Array.from({ length: 1000 }, (_, i) => `late.${i}`);
    names.forEach((name, i) => wires.set(name, i + 1));
    const later = wires.save();
    wires.set('early', 5);
    wires.restore(saved);
    expect(wires.get('early')).toBe(1);
    expect(names.filter((name) => wires.get(name) !== 0)).toEqual([]);
    wires.restore(later);
    expect(names.map((name) => wires.get(name))).toEqual(names.map((_, i) => i + 1));
  });
});
