/** Variables that a stack has grown over: a store next to SP into a word that a named variable has. */
import type { GrownStack } from '../../checks/check.ts';
import { hex32 } from '../documents/result.ts';
import { sectionAt, symbolAt } from '../../image/image.ts';
import type { Session } from '../session/session.ts';

/** Bytes: pushes go below SP, locals lie above it. */
const BELOW = 64;
const ABOVE = 16 * 1024;
/** A variable of fewer bytes is no stack of a task: two frames of an exception. */
const LEAST_STACK = 64;
const STACK_SECTION = /stack|heap/i;

/** Null where SP is nowhere near, or in a variable that may be the stack of a task itself. */
export function grownStack(s: Session, address: number, sp: number): GrownStack | null {
  const { input, machine } = s;
  const { images } = input;
  // linked with its stacks in front of its variables, as ChibiOS: they grow away from them
  if (address >= stackStart(s)) return null;
  if (address < sp - BELOW || address >= sp + ABOVE || machine.system.regionAt(sp)?.memory?.row.kind !== 'ram') return null;
  const own = sectionAt(images, address);
  if (variableAt(images, address) === null || own === null || STACK_SECTION.test(own)) return null;
  // a stack of a task is a variable, too, and a large one
  if ((variableAt(images, sp)?.size ?? 0) >= LEAST_STACK && isInOne(images, sp, address)) return null;
  const end = endOfVariables(images, sp, address);
  return { sp, section: sectionAt(images, end - 1) ?? own, end, below: end - sp };
}
/** Between SP and where the stack began at the last reset. */
export const isOnStack = (s: Session, address: number, sp: number): boolean => address >= sp - BELOW && address < stackStart(s);
const stackStart = ({ machine: { bootCore, state } }: Session): number => bootCore.peek(state.vectors[0] ?? 0, 4) ?? 0;
type Images = Session['input']['images'];
/** The variable that has a byte at this address. */
function variableAt(images: Images, address: number): { readonly from: number; readonly size: number } | null {
  const found = symbolAt(images, address);
  if (found?.symbol.kind !== 'object' || found.offset >= found.symbol.size) return null;
  return { from: address - found.offset, size: found.symbol.size };
}
/** SP and what is stored are in the same variable, or SP is in one and the store goes below it: that of another's stack. */
const isInOne = (images: Images, sp: number, address: number): boolean =>
  variableAt(images, sp)?.from === variableAt(images, address)?.from || address < sp;
/** The end of the sections of variables that lies above SP. */
function endOfVariables(images: Images, sp: number, address: number): number {
  const ends = images.flatMap(({ reserved, copied }) => [
    ...reserved.map((r) => [r.address, r.address + r.size] as const),
    ...copied.map((c) => [c.address, c.address + c.data.length] as const),
  ]);
  const above = ends.filter(([from, end]) => end > sp && from <= address + ABOVE && !STACK_SECTION.test(sectionAt(images, from) ?? ''));
  return above.reduce((most, [, end]) => Math.max(most, end), address + 1);
}
/** `the stack had grown over it: SP = 0x20001050, 1828 bytes below the end of .noinit` */
export const grownInWords = ({ sp, below, section }: GrownStack): string =>
  `the stack had grown over it: SP = ${hex32(sp)}, ${below} bytes below the end of ${section}`;
