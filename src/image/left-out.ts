/** What the bounds of the readers of debug data leave out of one file: told once, in its report. */
export class LeftOut {
  private readonly parts = new Set<string>();

  add(part: string): void {
    this.parts.add(part);
  }
  /** In one sentence; null where all was read. */
  get text(): string | null {
    return this.parts.size === 0
      ? null
      : `debug information was left out, as it is more than that of the largest firmware: ${[...this.parts].join('; ')}`;
  }
}
