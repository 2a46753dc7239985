/** A clock tree in words: each clock behind what it comes from, one row each. */
import type { ClockNode, ClockTree } from '../emu/clock-tree.ts';
import { rateText } from './rates.ts';

/** An oscillator that gives no clock of the tree has a row, too, if it is on. */
export function clockRows({ nodes, sources }: ClockTree): readonly (readonly [name: string, words: string])[] {
  const bits = new Map(sources.map(({ name, on, ready }) => [name, ready ? 'ready' : on ? 'on, not ready' : 'off']));
  const idle = sources.filter(({ name, on }) => on && !nodes.some((n) => n.name === name));
  return [
    ...nodes.map((node) => [node.name.toUpperCase(), nodeWords(node, bits.get(node.name))] as const),
    ...idle.map(({ name }) => [name.toUpperCase(), bits.get(name)!] as const),
  ];
}
function nodeWords({ hz, from, factors }: ClockNode, bits: string | undefined): string {
  const scaled = factors.map(
    ([multiplied, divided]) => `${multiplied === 1 ? '' : ` × ${multiplied}`}${divided === 1 ? '' : ` / ${divided}`}`,
  );
  const source = from === null ? [] : [`${from.toUpperCase()}${scaled.join('')}`];
  return [rateText(hz) ?? 'stopped', ...source.map((s) => `from ${s}`), ...(bits === undefined ? [] : [bits])].join(', ');
}
