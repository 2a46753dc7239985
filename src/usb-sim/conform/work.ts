/** What is asked of a device, and the work that it makes. */

/** A request as it was made. */
export interface Asked {
  readonly request: number;
  /** wValue. */
  readonly value: number;
  /** wLength. */
  readonly length: number;
  /** Of an OUT stage. */
  readonly data: Uint8Array;
  /** bwPollTimeout has passed since the last GETSTATUS. */
  readonly waited?: boolean;
}
/** Bytes that a device may have changed. */
export interface PendingWrite {
  /** Address of the first byte that may change. */
  readonly from: number;
  /** Address behind the last one. */
  readonly to: number;
  /** Of the first byte of `data`. */
  readonly address: number;
  /** What is written; null = erased. */
  readonly data: Uint8Array | null;
}
/** What a block or command asks the device to do. */
export interface Work {
  /** In flash; null: nothing, or it is not known where. */
  readonly write: PendingWrite | null;
  /** DfuSe's address pointer behind it. */
  readonly pointer: number | null;
  /** It must end in dfuERROR, may, or must not. */
  readonly fails: 'must' | 'may' | 'never';
  /** bStatus values with which it may do so; empty: any but OK. */
  readonly statuses: readonly number[];
  /** Document and paragraph. */
  readonly paragraph: string;
  /** Why it must fail; left out where it need not. */
  readonly why?: string;
  /** What came behind it may have made the device drop it, and it may say that it is done. */
  readonly mayBeDropped?: boolean;
  /** Of `conform`: what a device breaks that does otherwise; null: it is not one requirement alone. */
  readonly requirement: string | null;
}
/** Nothing to do, and nothing that could fail. */
export const NO_WORK: Work = {
  write: null,
  pointer: null,
  fails: 'never',
  statuses: [],
  paragraph: 'DFU 1.1 §A.2.4',
  requirement: null,
};
