/** Firmware that somebody brought stays in this browser, so that back, forward and a reload find it. It goes nowhere else. */
import type { Setup } from './setup.ts';

export type Kept = Pick<Setup, 'name' | 'bytes' | 'others' | 'source'>;

const memory = new Map<string, Kept>();
const STORE = 'firmware';

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error(STORE));
  });
}
async function store(mode: IDBTransactionMode): Promise<IDBObjectStore> {
  const asked = indexedDB.open('bootbench', 1);
  asked.onupgradeneeded = () => void asked.result.createObjectStore(STORE);
  return (await done(asked)).transaction(STORE, mode).objectStore(STORE);
}

/** By its hash. Only the last one outlives the page. */
export async function keep(sha256: string, { name, bytes, others, source }: Kept): Promise<void> {
  const kept: Kept = { name, bytes, ...(others && { others }), ...(source && { source }) };
  memory.set(sha256, kept);
  try {
    const files = await store('readwrite');
    files.clear();
    files.put(kept, sha256);
  } catch {
    // a browser that keeps nothing still has it until the page is left
  }
}
export async function kept(sha256: string): Promise<Kept | null> {
  const here = memory.get(sha256);
  if (here !== undefined) return here;
  try {
    return ((await done((await store('readonly')).get(sha256))) as Kept | undefined) ?? null;
  } catch {
    return null;
  }
}
