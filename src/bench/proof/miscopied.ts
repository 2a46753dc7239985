/**
 * Initialised variables that start-up code copies from a wrong place in flash, as by a wrong symbol of the linker script: the run is repeated with the start values that the
 * image has for them in the place of what is stored.
 */
import type { Core, Interceptor } from '../../emu/core/core.ts';
import type { Checkpoint } from '../../emu/machine-base.ts';
import { MS, type Ps } from '../../emu/time.ts';
import { sectionAt, wordAt } from '../../image/image.ts';
import { UNCOPIED, type Note } from '../documents/note-facts.ts';
import { hex32, type Outcome } from '../documents/result.ts';
import type { Session } from '../session/session.ts';
import { runTo } from '../slice/window.ts';
import { addressText, place } from '../slice/words.ts';
import { runFrom } from './attempt.ts';
import { goalOf, isOther, pagesOf, wordsInRam } from './uncopied.ts';

/** How long behind power-on a copy is looked for. */
const SET_UP = 100 * MS;
/** Words that have to agree with what is stored for the place of it to be known. */
const ENOUGH = 2;

/** A stretch of RAM, by its words. */
interface Stretch {
  readonly words: ReadonlyMap<number, number>;
  /** Where its first word is programmed. */
  readonly from: number;
}
interface FirstStore {
  readonly pc: number;
  readonly value: number;
}

/** Notes about the copy; none where it is right, or makes no difference. Leaves the session anywhere. */
export function miscopiedNotes(s: Session, powerOn: Checkpoint, end: Ps, outcome: Outcome): Note[] {
  const stretches = stretchesOf(s);
  if (stretches.length === 0) return [];
  const stores = firstStores(s, powerOn, stretches, Math.min(end, powerOn.system.now + SET_UP));
  for (const stretch of stretches) {
    const wrong = wrongIn(stretch, stores);
    if (wrong === null) continue;
    const run = runFrom(s, powerOn, corrected(stretch, wrong.pc));
    if (isOther(run, outcome)) return told(s, stretch, wrong, stores, `with the right start values stored, the same run ${goalOf(run)}`);
  }
  return [];
}
/** With the start values of their own image: two programs may use the same RAM. */
const stretchesOf = (s: Session): Stretch[] =>
  s.input.images.flatMap(({ copied }) =>
    copied.flatMap(({ from, ...chunk }): Stretch[] => {
      const { address, data } = chunk;
      const view = new DataView(data.buffer, data.byteOffset, data.length);
      const words = wordsInRam(s, chunk);
      return from === null || words.length === 0
        ? []
        : [{ from, words: new Map(words.map((at) => [at, view.getUint32(at - address, true)])) }];
    }),
  );

/** What is stored to each word first, if as a whole. */
function firstStores(s: Session, powerOn: Checkpoint, stretches: readonly Stretch[], end: Ps): ReadonlyMap<number, FirstStore> {
  const all = new Set(stretches.flatMap(({ words }) => [...words.keys()]));
  const found = new Map<number, FirstStore>();
  const watch: Interceptor = {
    pages: pagesOf(all),
    write: (core, address, size, value) => {
      if (size === 4 && all.has(address) && !found.has(address)) found.set(address, { pc: core.pc, value: value >>> 0 });
      return value;
    },
  };
  s.keepCheckpoints = false;
  s.restore(powerOn);
  const repairs = s.machine.setRepairs(watch);
  try {
    runTo(s, end, () => found.size === all.size);
  } finally {
    s.machine.setRepairs(repairs);
  }
  return found;
}
/** The first word that is stored wrongly, where one instruction fills the whole stretch. */
function wrongIn({ words }: Stretch, stores: ReadonlyMap<number, FirstStore>): (FirstStore & { readonly address: number }) | null {
  const made = [...words.keys()].map((address) => stores.get(address));
  const [first] = made;
  if (first === undefined || made.some((store) => store?.pc !== first.pc)) return null;
  const wrong = [...words].find(([address, value]) => stores.get(address)!.value !== value);
  return wrong === undefined ? null : { address: wrong[0], ...stores.get(wrong[0])! };
}
/** Each time that this instruction stores there, as behind each reset. */
function corrected({ words }: Stretch, pc: number): Interceptor {
  return {
    pages: pagesOf(words.keys()),
    write: (core: Core, address, size, value) => (size === 4 && core.pc === pc ? (words.get(address) ?? value) : value),
  };
}

function told(
  s: Session,
  { words, from }: Stretch,
  { address, pc, value }: FirstStore & { readonly address: number },
  stores: ReadonlyMap<number, FirstStore>,
  proof: string,
): Note[] {
  const [first = 0] = words.keys();
  const section = sectionAt(s.input.images, first) ?? 'it';
  const source = sourceOf(s, words, from, stores);
  const shows = `${place(s, pc)} stores ${hex32(value)} to ${addressText(s, address, pc)}, which should be ${hex32(words.get(address)!)}`;
  const why =
    source === null
      ? `the start-up code does not copy ${section} as it is in flash: ${shows}`
      : `the start-up code copies ${section} from a wrong place: ${shows}`;
  const right = `the start values of ${section} are in flash at ${hex32(from)}`;
  const where = source === null ? right : `${right}, and it copies from ${hex32(source)}: take LOADADDR(${section}) of the linker script`;
  return [why, where, proof].map((text) => ({ kind: UNCOPIED, text }));
}
/** Where the stored values are in flash one behind the other, the nearest to where they should come from; null: nowhere. */
function sourceOf(s: Session, words: ReadonlyMap<number, number>, from: number, stores: ReadonlyMap<number, FirstStore>): number | null {
  const values = [...words.keys()].map((address) => stores.get(address)!.value);
  if (values.length < ENOUGH) return null;
  const matches = (at: number): boolean => values.every((value, i) => wordAt(s.input.images, at + 4 * i) === value);
  for (let away = 4; away <= FARTHEST; away += 4) for (const at of [from - away, from + away]) if (matches(at)) return at;
  return null;
}
const FARTHEST = 0x4000;
