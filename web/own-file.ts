/** A file that somebody brings to the page: how it is taken, and what is said of it where nobody types a command. */
import { UsageError } from '../src/bench/documents/usage-error.ts';
import { ImageError, loadImage } from '../src/image/image.ts';

/** Main flash of all parts; a `.bin` says nowhere where it goes. */
const FLASH = '0x08000000';

/** Its name as an image's path. A binary without an address lies at the start of the flash. */
export function pathOf(name: string, bytes: Uint8Array): string {
  try {
    loadImage(bytes, name);
  } catch (error) {
    if (error instanceof ImageError && error.code === 'no-address') return `${name}@${FLASH}`;
  }
  return name;
}

const HERE: readonly { readonly says: RegExp; readonly instead: string }[] = [
  { says: /--chip/, instead: 'type yours under “Chip” and press Run' },
  { says: /@0x0/, instead: 'give the linked .elf; a raw binary is called .bin' },
  { says: /--|`bootbench/, instead: 'give the linked .elf' },
];
/** What is wrong, without what a command would do about it: the page has buttons for that. */
export const withoutHint = ({ message, hint }: UsageError): string =>
  hint === null ? message : message.slice(0, -hint.length).replace(/[;,:]\s*$/, '');
/** Something about the files is wrong, not about the run. */
export const isOfFiles = (error: unknown): boolean => error instanceof UsageError || error instanceof ImageError;
/** What is wrong, and what to do about it on the page. */
export function inThePage(error: unknown): unknown {
  if (!(error instanceof UsageError || error instanceof ImageError) || error.hint === null) return error;
  const { hint, message } = error;
  const here = HERE.find(({ says }) => says.test(hint));
  return here === undefined ? error : new Error(`${message.slice(0, -hint.length)}${here.instead}`);
}
