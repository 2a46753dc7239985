/** What the tools that read SVD files hand one another. */
export interface Field {
  name: string;
  bit: number;
  width: number;
  writable: boolean;
}
export interface Reg {
  name: string;
  offset: number;
  size: number;
  reset: number;
  writable: number;
  fields: Field[];
}

/** Corrections to one SVD file. */
export interface SvdFixes {
  /** Name in the generated facts. */
  readonly chip: string;
  /** Part of embassy-rs/stm32-data-generated that completes the SVD. */
  readonly part?: string;
  /** Peripheral names: SVD → CMSIS header. */
  readonly rename: Readonly<Record<string, string>>;
  /** Register names: `PERIPHERAL.REG` → REG. */
  readonly registers?: Readonly<Record<string, string>>;
  /** Field names: `PERIPHERAL.REG.FIELD` → FIELD. Here and in `add`, PERIPHERAL also stands for all that are derived from it. */
  readonly fields?: Readonly<Record<string, string>>;
  /** Fields that the SVD lacks: `PERIPHERAL.REG.FIELD` → [bit, width, writable]. */
  readonly add?: Readonly<Record<string, readonly [number, number, boolean]>>;
  /** Registers that the SVD lacks: `PERIPHERAL.REG` → offset, reset value and fields as [name, bit, width, writable]. */
  readonly addRegisters?: Readonly<
    Record<
      string,
      { readonly offset: number; readonly reset: number; readonly fields: readonly (readonly [string, number, number, boolean])[] }
    >
  >;
  /** Registers that repeat others at a distance: names that begin with `from`, once more beginning with `to`. */
  readonly copies?: readonly { readonly peripheral: string; readonly from: string; readonly to: string; readonly by: number }[];
  /** Registers that are none of the block's, by pattern of `PERIPHERAL.REG`. */
  readonly dropRegisters?: RegExp;
  /** Peripherals whose registers the chip's description takes from another chip's facts: they get a place and no registers. */
  readonly alike?: RegExp;
  /** Fields that software writes although the SVD has them as read-only, by pattern of `PERIPHERAL.REG.FIELD`. */
  readonly written?: RegExp;
  /** Fields that the chip lacks although the family's SVD lists them. */
  readonly remove?: readonly string[];
  /** Reset values: `PERIPHERAL.REG` → value. `GPIO*` in front stands for every port that has no own entry. */
  readonly resets?: Readonly<Record<string, number>>;
  /** Names by pattern of `PERIPHERAL.REG` or, for fields, `PERIPHERAL.REG.FIELD`; an exact entry above goes before, a later pattern before an earlier one. */
  readonly rewrite?: readonly (readonly [RegExp, string])[];
  /** Reset values by pattern of `PERIPHERAL.REG`. */
  readonly resetsWhere?: readonly (readonly [RegExp, number])[];
  /** Peripherals that the part clocks always, although others of its family gate them. */
  readonly ungated?: readonly string[];
  /** Register offsets: `PERIPHERAL.REG` → offset. */
  readonly offsets?: Readonly<Record<string, number>>;
  /** Base addresses by peripheral. */
  readonly bases?: Readonly<Record<string, number>>;
}
