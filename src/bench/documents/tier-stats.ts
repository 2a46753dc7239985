/** What the translated tier of a machine has done, for a person who asks why a run is slow. No part of the result: it differs between equal runs. */
import type { Machine } from '../../emu/machine.ts';
import { LEFT } from '../../emu/core/translate/exits.ts';
import { hex32 } from './result.ts';

const SHOWN = 3;
const number = (n: number): string => n.toLocaleString('en-US');

export function tierStats(machine: Machine): string {
  return machine.cores
    .flatMap((core) => {
      const { counters: c, exits } = core.tier;
      const lines = [
        `${core.row.name}: ${number(core.retired())} instructions; ${c.compiled} regions of ${number(c.instructions)} instructions translated (${number(c.bytes)} bytes), ` +
          `${c.adopted} taken from another run, ${c.revived} back again, ${c.dropped} dropped, ${c.refused} refused`,
      ];
      for (const why of LEFT) {
        const places = [...(exits?.get(why) ?? [])].sort((a, b) => b[1] - a[1]);
        if (places.length === 0) continue;
        const sum = places.reduce((n, [, count]) => n + count, 0);
        const most = places.slice(0, SHOWN).map(([pc, count]) => `${hex32(pc)} ${number(count)}`);
        lines.push(`  left, ${why}: ${number(sum)} (${most.join(', ')}${places.length > SHOWN ? ', …' : ''})`);
      }
      return lines;
    })
    .join('\n');
}
