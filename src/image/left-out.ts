/** What the bounds of the readers of debug data leave out of one file: told once, in its report. */
export class LeftOut {
  private readonly parts = new Set<string>();
  /** The command was to end in the middle of reading. */
  cutShort = false;

  add(part: string): void {
    this.parts.add(part);
  }
  /** In one sentence; null where all was read. */
  get text(): string | null {
    const said = [
      ...(this.parts.size === 0 ? [] : [`as it is more than that of the largest firmware: ${[...this.parts].join('; ')}`]),
      ...(this.cutShort ? ['as the run was to end while it was read'] : []),
    ];
    return said.length === 0 ? null : `debug information was left out, ${said.join('; and ')}`;
  }
}
