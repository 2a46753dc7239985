/** The stacks of a folder: `<folder>/stacks.json`. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { isRequirement } from '../../src/usb-sim/conform/kit.ts';
import type { JobImage } from '../../src/bench/input/job.ts';
import type { ChipName } from '../../src/library/names.ts';

/** A requirement that a stack breaks. */
interface Accepted {
  readonly ids: readonly string[];
  /** What the stack does, and where in its source. */
  readonly why: string;
}
/** What is judged, and what is known of it. */
export interface Stack {
  /** Of this image, for `--stack`: `tinyusb-f072`. */
  readonly name: string;
  /** `hathach/tinyusb`. */
  readonly repository: string;
  readonly commit: string;
  /** What was built: `examples/device/dfu`. */
  readonly built: string;
  readonly chip: ChipName;
  /** Below the folder. */
  readonly elf: string;
  readonly accepted: readonly Accepted[];
}
const TEXTS = ['name', 'repository', 'commit', 'built', 'chip', 'elf'] as const;

/** Throws an Error whose text says what is wrong with the list. */
export function stacksOf(folder: string): Stack[] {
  const file = join(folder, 'stacks.json');
  const list = JSON.parse(readFileSync(file, 'utf8')) as unknown;
  if (!Array.isArray(list)) throw new Error(`${file} is not a list`);
  return list.map((entry: unknown, i) => {
    const wrong = whatIsWrong(entry);
    if (wrong !== null) throw new Error(`${file}, entry ${i + 1}: ${wrong}`);
    return entry as Stack;
  });
}
function whatIsWrong(entry: unknown): string | null {
  const stack = entry as Partial<Record<keyof Stack, unknown>>;
  const missing = TEXTS.find((key) => typeof stack[key] !== 'string' || stack[key] === '');
  if (missing !== undefined) return `${missing} is not given`;
  if (!Array.isArray(stack.accepted)) return 'accepted is not a list';
  for (const { ids, why } of stack.accepted as Partial<Accepted>[]) {
    const unknown = (ids ?? []).find((id) => !isRequirement(id));
    if (unknown !== undefined) return `conform has no requirement ${unknown}`;
    if (!ids?.length || !why) return 'each of accepted has ids, and why';
  }
  return null;
}
export const imageOf = (folder: string, { elf }: Stack): JobImage => ({
  path: elf,
  bytes: new Uint8Array(readFileSync(resolve(folder, elf))),
});
export const acceptedIds = ({ accepted }: Stack): string[] => accepted.flatMap(({ ids }) => ids);
