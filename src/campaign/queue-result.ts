/** Results in the stream of a queue: packed as they stand there, checked and bounded as they come out of it. */
import { gunzipSync } from 'node:zlib';
import { gzipSync, strToU8 } from 'fflate';
import { OUTCOMES } from '../bench/documents/result.ts';
import { isRecord } from '../bench/documents/is-record.ts';
import { boundedJson } from '../bench/documents/json-bounds.ts';
import type { CaseResult } from './base.ts';

/** What stands in the stream. */
export interface QueuedResult {
  readonly work: string;
  readonly results: readonly CaseResult[];
}

/** Bytes of a result as it stands in the stream: that of the largest batch has half a million. */
export const LARGEST_PACKED = 2 ** 22;
/** The same, unpacked: some five millions. */
const LARGEST_RESULT = 2 ** 24;

export const encodeResult = (result: QueuedResult): Buffer => Buffer.from(gzipSync(strToU8(JSON.stringify(result)), { level: 1 }));
/** Null: nobody of this version wrote that, or it would be larger than any result. What else has access to the server may write anything. */
export function decodeResult(bytes: Uint8Array | undefined): QueuedResult | null {
  const found = bytes === undefined || bytes.length > LARGEST_PACKED ? null : parsed(bytes);
  if (!isRecord(found) || typeof found['work'] !== 'string' || !Array.isArray(found['results'])) return null;
  const results: readonly unknown[] = found['results'];
  return found['work'].length <= LONGEST && results.every(isCaseResult) ? { work: found['work'], results } : null;
}
function parsed(bytes: Uint8Array): unknown {
  try {
    // what a gzip file says of its length is not asked: it unpacks no further than this
    return boundedJson(gunzipSync(bytes, { maxOutputLength: LARGEST_RESULT }).toString('utf8'));
  } catch {
    return null;
  }
}

/** Letters of a text in a result. */
const LONGEST = 4096;
function isCaseResult(found: unknown): found is CaseResult {
  if (!isRecord(found)) return false;
  const { no, id, outcome, ended, at, cycles, pc, group } = found;
  const whole = [no, at, cycles, ...(pc === null ? [] : [pc])].every((n) => Number.isSafeInteger(n) && (n as number) >= 0);
  return whole && areTexts([id, outcome, ended]) && OUTCOME_WORDS.has(outcome as string) && (group === null || isExplanation(group));
}
const OUTCOME_WORDS: ReadonlySet<string> = new Set([...OUTCOMES, 'absent']);
const isExplanation = (found: unknown): boolean =>
  isRecord(found) && areTexts([found['outcome'], found['cause'], found['entry'], found['place']]);
const areTexts = (all: readonly unknown[]): boolean => all.every((one) => typeof one === 'string' && one.length <= LONGEST);

/** Results that nobody has asked for yet, and all of their bytes: twice what a submitter has under way, and more than it weighs. */
const MOST_EARLY = 1024;
const LARGEST_EARLY = 2 ** 26;

/** Results of a run before this one, which nobody has stored, packed as they came. What has no room is done again when it is asked for. */
export class EarlyResults {
  private readonly packed = new Map<string, Uint8Array>();
  private size = 0;

  /** Of works, in the order in which they came. */
  get works(): Iterable<string> {
    return this.packed.keys();
  }
  /** Whether there was room. */
  keep(work: string, bytes: Uint8Array): boolean {
    if (this.packed.has(work)) return true;
    if (this.packed.size >= MOST_EARLY || this.size + bytes.length > LARGEST_EARLY) return false;
    // a copy: these are a part of all that came with them
    this.packed.set(work, Uint8Array.from(bytes));
    this.size += bytes.length;
    return true;
  }
  take(work: string): readonly CaseResult[] | null {
    const bytes = this.packed.get(work);
    if (bytes === undefined) return null;
    this.packed.delete(work);
    this.size -= bytes.length;
    return decodeResult(bytes)?.results ?? null;
  }
}
