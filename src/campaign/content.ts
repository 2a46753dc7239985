/** What a case consists of, named by its content: targets, images and cases have the SHA-256 of what they are. */
import type { RunJob } from '../bench/input/job.ts';
import type { RomSegment } from '../rom/load.ts';
import { UsageError } from '../bench/documents/usage-error.ts';
import { sha256 } from '../image/sha256.ts';
import { LARGEST_TARGET, manifestIn, MOST_BLOBS } from './foreign.ts';
import type { Manifest, Work, WorkCase, WorkPart } from './queued.ts';
import type { Case, Probe } from './space.ts';

/** Bytes by their SHA-256. */
export interface Blobs {
  has(hash: string): boolean | Promise<boolean>;
  get(hash: string): Uint8Array | Promise<Uint8Array>;
  put(hash: string, bytes: Uint8Array): void | Promise<void>;
}

/** A job cut into blobs; `hash` is that of its manifest, which names the others. */
export interface PackedTarget {
  readonly hash: string;
  readonly blobs: ReadonlyMap<string, Uint8Array>;
}

export function packTarget(job: RunJob): PackedTarget {
  const blobs = new Map<string, Uint8Array>();
  const keep = (bytes: Uint8Array): string => {
    const hash = sha256(bytes);
    blobs.set(hash, bytes);
    return hash;
  };
  const manifest: Manifest = {
    ...job,
    images: job.images.map(({ path, bytes }) => ({ path, sha256: keep(bytes) })),
    rom: {
      kind: job.rom.kind,
      version: job.rom.version,
      options: job.rom.options,
      sha256: keep(job.rom.bytes),
      ...(job.rom.beside ? { beside: job.rom.beside.map(({ address, bytes }) => ({ address, sha256: keep(bytes) })) } : {}),
    },
    files: [...job.files].map(([name, bytes]) => [name, keep(bytes)] as const),
  };
  return { hash: keep(new TextEncoder().encode(canonical(manifest))), blobs };
}

/** What a manifest names; throws a UsageError where it is none, or names too many. */
export async function blobsOf(manifest: Uint8Array): Promise<string[]> {
  const { images, rom, files } = await manifestIn(manifest);
  const all = [...images.map((i) => i.sha256), rom.sha256, ...(rom.beside ?? []).map((p) => p.sha256), ...files.map(([, hash]) => hash)];
  if (all.length > MOST_BLOBS) throw new UsageError(`a target of the queue names ${all.length} files, more than ${MOST_BLOBS}`);
  return [...new Set(all)];
}

/** Fetches what it names. */
export async function unpackTarget(hash: string, blobs: Blobs): Promise<RunJob> {
  const bytes = await blobs.get(hash);
  const found = new Map<string, Uint8Array>();
  let size = 0;
  for (const of of await blobsOf(bytes)) {
    const blob = await blobs.get(of);
    if ((size += blob.length) > LARGEST_TARGET)
      throw new UsageError(`the files of a target of the queue are larger than ${LARGEST_TARGET / 2 ** 20} MiB`);
    found.set(of, blob);
  }
  const manifest = await manifestIn(bytes);
  const bytesOf = (of: string): Uint8Array => found.get(of)!;
  const images = manifest.images.map(({ path, sha256: of }) => ({ path, bytes: bytesOf(of) }));
  const files = new Map(manifest.files.map(([name, of]) => [name, bytesOf(of)]));
  const { sha256: ofRom, beside: pieces, ...rom } = manifest.rom;
  const beside = pieces?.map(({ address, sha256: of }): RomSegment => ({ address, bytes: bytesOf(of) }));
  return { ...manifest, images, files, rom: { ...rom, bytes: bytesOf(ofRom), ...(beside ? { beside } : {}) } };
}

/** JSON with sorted keys: one text for one content. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, v: unknown) =>
    v !== null && typeof v === 'object' && !Array.isArray(v)
      ? Object.fromEntries(Object.entries(v).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
      : v,
  );
}

const short = (text: string): string => sha256(new TextEncoder().encode(text)).slice(0, 32);

export function workCase({ no, variation }: Case, probe: Probe, engine: string, target: string): WorkCase {
  const { delay, seed, fault } = variation;
  const leave = variation.leave.map((i) => probe.steps[i]!.pc);
  const id = short(canonical([engine, target, delay && [delay.name, delay.ps], seed, leave, fault]));
  return { no, id, leave, fault };
}

export const workId = (parts: readonly WorkPart[]): string => short(parts.flatMap((p) => p.cases.map((c) => c.id)).join());

export function casesOf(work: Work): readonly WorkCase[] {
  return work.parts.flatMap((part) => part.cases);
}

/** The same cases in two pieces of work, to find the one that cannot be done. */
export function halves(work: Work): Work[] {
  const all = work.parts.flatMap((part) => part.cases.map((one) => ({ ...part, cases: [one] })));
  const middle = all.length >> 1;
  return [all.slice(0, middle), all.slice(middle)]
    .filter((parts) => parts.length > 0)
    .map((parts) => ({ ...work, parts: joined(parts), id: workId(parts) }));
}
/** Neighbours of one machine in one part again. */
function joined(parts: readonly WorkPart[]): WorkPart[] {
  const out: WorkPart[] = [];
  for (const part of parts) {
    const last = out.at(-1);
    if (last && last.seed === part.seed && canonical(last.delays) === canonical(part.delays))
      out[out.length - 1] = { ...last, cases: [...last.cases, ...part.cases] };
    else out.push(part);
  }
  return out;
}
