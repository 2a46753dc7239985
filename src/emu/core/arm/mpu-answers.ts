/** Nothing divides these (B3.5.8: the smallest region has 32 bytes, a subregion an eighth of 256). */
const GRANULE_BITS = 5;
const CACHED = 1024;

/** Answers of the MPU that hold until its set-up changes: by granule what it allows, by page whether all of it is alike. Only how fast they are found. */
export class MpuAnswers {
  private readonly granules = new Int32Array(CACHED).fill(-1);
  private readonly allowed = new Uint8Array(CACHED);
  private readonly pages = new Int32Array(CACHED).fill(-1);
  private readonly uniform = new Uint8Array(CACHED);
  private empty = true;
  private setUp: string | null = null;

  forget(): void {
    this.setUp = null;
    if (this.empty) return;
    this.granules.fill(-1);
    this.pages.fill(-1);
    this.empty = true;
  }
  /** The set-up as a text, see `mpuSetUp`. */
  textOf(make: () => string): string {
    return (this.setUp ??= make());
  }
  allows(address: number, of: () => number): number {
    const granule = address >>> GRANULE_BITS;
    const i = granule & (CACHED - 1);
    if (this.granules[i] !== granule) {
      this.allowed[i] = of();
      this.granules[i] = granule;
      this.empty = false;
    }
    return this.allowed[i]!;
  }
  isUniform(start: number, of: () => boolean): boolean {
    const page = start >>> 12;
    const i = page & (CACHED - 1);
    if (this.pages[i] !== page) {
      this.uniform[i] = Number(of());
      this.pages[i] = page;
      this.empty = false;
    }
    return this.uniform[i] === 1;
  }
}
