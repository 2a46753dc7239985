/** What is told of an instant of a page: by its keyframes, and by all lanes. */
import type { Picture } from './picture.ts';
import { hex } from '../emu/hex.ts';

/** A fact of an instant. */
export type Told = readonly [label: string, value: string];

/** What is known of an instant: the last moment of each core that is not behind it, all lanes of the run, and the clock tree, which is long. */
export function toldAt(picture: Picture, seconds: number): Told[] {
  return [...coresAt(picture, seconds), ...lanesAt(picture, seconds), ...clocksAt(picture, seconds)];
}
function clocksAt({ clocks, facts, texts }: Picture, seconds: number): Told[] {
  const last = clocks?.at.findLastIndex((at) => at <= seconds) ?? -1;
  if (last < 0) return [];
  const { at, tree, unkept } = clocks!;
  const left = unkept?.[last] ?? 0;
  const rows = facts![tree[last]!]!.map(([name, words]): Told => [`clock ${texts[name]!}`, texts[words]!]);
  if (left === 0) return rows;
  const until = at[last + 1] === undefined ? 'the end' : timeText(at[last + 1]!);
  return [
    [
      'clocks',
      `as at ${timeText(at[last]!)}: ${left === 1 ? '1 change' : `${left} changes`} from there to ${until} ${left === 1 ? 'is' : 'are'} not kept`,
    ],
    ...rows,
  ];
}
function coresAt({ moments, texts }: Picture, seconds: number): Told[] {
  if (moments === undefined) return [];
  const last = new Map<number, number>();
  for (let i = 0; i < moments.at.length && moments.at[i]! <= seconds; i++) last.set(moments.core[i]!, i);
  return [...last].flatMap(([core, i]): Told[] => {
    const name = core < 0 ? '' : `${texts[core]!} `;
    const code = moments.code[i]! < 0 ? [] : [[`${name}source`, texts[moments.code[i]!]!] as const];
    const vtor = moments.vtor[i]! < 0 ? [] : [[`${name}VTOR`, hex(moments.vtor[i]!)] as const];
    return [
      [`${name}seen last`, timeText(moments.at[i]!)],
      [`${name}where`, texts[moments.place[i]!]!],
      ...code,
      [`${name}PC`, hex(moments.pc[i]!)],
      [`${name}SP`, hex(moments.sp[i]!)],
      ...vtor,
    ];
  });
}
/** What is told already is not told again. Lanes of instants tell their last one; lanes of stretches what lasts. */
function lanesAt({ tracks, texts, clocks, facts }: Picture, seconds: number): Told[] {
  return tracks.flatMap(({ name, run, look, repeats, from, to, text, facts: more }): Told[] => {
    if (run !== 'run' || repeats || (look === 'clock' && clocks !== undefined)) return [];
    const i = from.findLastIndex((at) => at <= seconds);
    const lasts = i >= 0 && to[i]! >= seconds;
    if (look === 'instant') return i < 0 ? [] : [[name, `${timeText(from[i]!)}: ${texts[text[i]!]!}`]];
    const told = (facts?.[more?.[i] ?? -1] ?? []).map(([label, words]): Told => [texts[label]!, texts[words]!]);
    if (lasts) return [[name, texts[text[i]!]!], ...told];
    // the host waits for an answer that has come: the last transfer is what it knows
    return name === 'USB transfers' && i >= 0 ? [[name, `the last, at ${timeText(from[i]!)}: ${texts[text[i]!]!}`], ...told] : [];
  });
}
export const timeText = (seconds: number): string =>
  seconds >= 1 ? `${+seconds.toFixed(4)} s` : seconds >= 1e-3 ? `${+(seconds * 1e3).toFixed(4)} ms` : `${+(seconds * 1e6).toFixed(3)} µs`;
