/** The clock tree in words that a page can draw: found by following the rates as the model itself computes them, so that no family tells it twice. */
import type { ClockNode } from '../../emu/clock-tree.ts';
import { rateHz, type Rate, type Scaling } from '../../emu/time.ts';

/** What a boot path hangs on; kernel clocks of other blocks are left out. */
const SHOWN = /^(sysclk|cpu\d|hclk\d?|pclk\d|usb)$/;
/** Fractional PLLs count in parts: 8192 of them are one. */
const PARTS = 8192;

/**
 * @param rates by clock, sources first
 * @param scalings how each rate came from another
 */
export function nodesOf(rates: Readonly<Record<string, Rate | null>>, scalings: ReadonlyMap<Rate, Scaling>): readonly ClockNode[] {
  const names = new Map<Rate, string>();
  for (const [name, rate] of Object.entries(rates)) if (rate !== null && !names.has(rate)) names.set(rate, name);
  const done = new Map<string, ClockNode>();
  const add = (name: string): void => {
    if (done.has(name)) return;
    const node = nodeOf(name, rates[name] ?? null, names, scalings);
    if (node.from !== null) add(node.from);
    done.set(name, node);
  };
  for (const name in rates) if (SHOWN.test(name)) add(name);
  return [...done.values()];
}

function nodeOf(name: string, rate: Rate | null, names: ReadonlyMap<Rate, string>, scalings: ReadonlyMap<Rate, Scaling>): ClockNode {
  const factors: (readonly [number, number])[] = [];
  let at = rate;
  while (at !== null) {
    const here = names.get(at);
    if (here !== undefined && here !== name) break;
    const step = scalings.get(at);
    if (step !== undefined && step.multiplied !== step.divided) factors.unshift(whole(step));
    at = step?.from ?? null;
  }
  const from = at === null ? null : names.get(at)!;
  return { name, hz: rate === null ? 0 : rateHz(rate), from, factors: from === null ? [] : factors };
}
const whole = ({ multiplied, divided }: Scaling): readonly [number, number] =>
  divided % PARTS === 0 ? [multiplied / PARTS, divided / PARTS] : [multiplied, divided];
