/** From another page of the site to the playground: what was dropped there stays in this browser, where the playground finds it by its hash. */
import { sha256 } from '../src/image/sha256.ts';
import { piecesOf, type Dropped } from './dropped.ts';
import { keep } from './kept.ts';
import { linkOf } from './link.ts';
import { NO_FLIPS } from './setup.ts';

/** The link's fragment; null: there is no firmware in it. */
export async function broughtLink(dropped: Dropped): Promise<string | null> {
  const [first, ...others] = await piecesOf(dropped);
  if (first === undefined) return null;
  const hash = sha256(first.bytes);
  await keep(hash, { ...first, ...(others.length > 0 && { others }), source: dropped.source });
  return linkOf({ example: '', chip: '', sha256: hash, flips: NO_FLIPS });
}
