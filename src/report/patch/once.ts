/** What two causes need at the same place is said once there. */
import { code, jumps, WAIT, type Edit } from './edit.ts';

const STORE = /^(\w+->\w+(?:\[\w+\])?) ([|&]?=) [^;=]+;$/;
/** Calls that change nothing when they come again. */
const CALL = /^(?:__HAL_RCC_\w+_CLK_ENABLE|HAL_PWR_EnableBkUpAccess|(?:HAL_)?NVIC_DisableIRQ)\(.*\);$/;

/** Registers, and calls, with what was said of them last. */
type Said = Map<string, string>;
const subjectOf = (text: string): string | null => STORE.exec(text)?.[1] ?? (CALL.test(text) ? text : null);
const isPlain = ({ how, code: lines }: Edit): boolean =>
  how === 'before' &&
  !jumps({ code: lines }) &&
  lines.map(code).every((text) => text === '' || subjectOf(text) !== null || WAIT.test(text));

/** Nothing is left for it to do. */
function isSaid(text: string, subject: string, said: Said): boolean {
  const last = said.get(subject);
  return last === text || (last === `${subject} = 0;` && text.startsWith(`${subject} &= `));
}
/** Edits as they are put in: of those at one line, the last one stands first. One that is left without code has nothing to add. */
export function saidOnce(edits: readonly Edit[]): readonly Edit[] {
  const places = new Map<string, Said>();
  return edits
    .toReversed()
    .map((edit) => {
      const place = `${edit.file}:${edit.line}`;
      // what else stands there may change the same registers
      if (!isPlain(edit)) {
        places.delete(place);
        return edit;
      }
      const before: Said = places.get(place) ?? new Map<string, string>();
      const own: Said = new Map();
      const left = edit.code.filter((line) => {
        const text = code(line);
        const subject = subjectOf(text);
        if (subject === null) return true;
        const again = !own.has(subject) && isSaid(text, subject, before);
        if (!again) own.set(subject, text);
        return !again;
      });
      places.set(place, new Map([...before, ...own]));
      return left.length === edit.code.length ? edit : { ...edit, code: left };
    })
    .reverse();
}
