/** The page's state as a link: which firmware (an example, or the content hash of one's own file), which chip, what is turned over. */
import { NO_FLIPS, type Flips } from './setup.ts';

export interface Link {
  readonly example: string;
  readonly chip: string;
  readonly sha256: string;
  readonly flips: Flips;
}
/** A file that is in the link itself: its name, and what web/share.ts makes of it. */
export interface LinkedFile {
  readonly name: string;
  readonly text: string;
}
export const linkWith = (link: string, name: string, text: string): string =>
  `${link}&${new URLSearchParams({ name, file: text }).toString()}`;
export function linkedFile(hash: string): LinkedFile | null {
  const q = new URLSearchParams(hash.replace(/^#/, ''));
  const text = q.get('file') ?? '';
  return /^[\w-]+$/.test(text) ? { name: q.get('name') ?? 'firmware.elf', text } : null;
}

export function linkOf({ example, chip, sha256, flips }: Link): string {
  const q = new URLSearchParams();
  if (example !== '') q.set('example', example);
  else {
    q.set('sha256', sha256);
    q.set('chip', chip);
  }
  for (const [id, on] of Object.entries(flips.state)) q.append('at-entry', `${id}:${on ? 1 : 0}`);
  if (flips.crystal !== null) q.set('crystal', flips.crystal ? '1' : '0');
  for (const [id, value] of Object.entries(flips.rom)) q.append('rom', `${id}:${value}`);
  return `#${q.toString()}`;
}

/** Another firmware is a step in the history, another switch of the same one is not. */
export function noteLink(link: string): void {
  if (link === location.hash) return;
  const [there, here] = [readLink(link), readLink(location.hash)];
  const isSame = `${here.example}${here.sha256}` === '' || (there.example === here.example && there.sha256 === here.sha256);
  if (isSame) history.replaceState(null, '', link);
  else history.pushState(null, '', link);
}

/** What a link does not say, or says wrongly, is left out. */
export function readLink(hash: string): Link {
  const q = new URLSearchParams(hash.replace(/^#/, ''));
  const pairs = (key: string): (readonly [string, string])[] =>
    q.getAll(key).flatMap((text) => {
      const at = text.indexOf(':');
      return at > 0 ? [[text.slice(0, at), text.slice(at + 1)] as const] : [];
    });
  const sha256 = q.get('sha256') ?? '';
  return {
    example: q.get('example') ?? '',
    chip: q.get('chip') ?? '',
    sha256: /^[0-9a-f]{64}$/.test(sha256) ? sha256 : '',
    flips: {
      state: Object.fromEntries(pairs('at-entry').map(([id, on]) => [id, on === '1'])),
      crystal: q.has('crystal') ? q.get('crystal') === '1' : NO_FLIPS.crystal,
      rom: Object.fromEntries(pairs('rom')),
    },
  };
}
