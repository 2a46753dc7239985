/** A client, what it is given, and what came of it. */
import type { DfuRom, HeldSerial, HeldUsb } from '../../src/usb.ts';
import type { Clock, Sandbox } from './sandbox.ts';

export type Step = 'open' | 'descriptors' | 'option bytes' | 'erase' | 'download' | 'verify' | 'leave';
export interface Outcome {
  readonly ok: boolean;
  /** The last step that it began. */
  readonly step: Step;
  /** Why it did not go on; null where it is ok. */
  readonly why: string | null;
}

/** What is to be in flash afterwards. */
export interface Job {
  readonly blocks: readonly { readonly address: number; readonly bytes: Uint8Array<ArrayBuffer> }[];
  /** Bytes of the first sector. */
  readonly sector: number;
}
export interface Bench<Held> {
  readonly held: Held;
  readonly clock: Clock;
  readonly job: Job;
  /** Made by the adapter; its log says why something failed. */
  box?: Sandbox;
}
/** Throws, or gives a text, where the client says that it has failed. */
export type Drive<Held> = (bench: Bench<Held>) => Promise<string | null>;
export interface Client {
  /** Name of the column. */
  readonly name: string;
  /** Where it comes from; the commit is asked of the folder. */
  readonly from: string;
  /** A file below the folder, or a package: without it there is no such column. */
  readonly file: string;
  /** It writes one block only. */
  readonly single?: boolean;
  readonly usb?: Drive<HeldUsb>;
  readonly serial?: Drive<HeldSerial>;
  /** A program: tried by itself. */
  readonly program?: (rom: DfuRom) => Promise<Outcome | null>;
}
