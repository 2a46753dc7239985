/**
 * Values of the wires between blocks, 0 until one is set. A name has its place for good and all values lie in one array, so that a checkpoint is one copy: there
 * are hundreds, and of the machine's state they are what is set most often.
 */
export class Wires {
  private readonly places = new Map<string, number>();
  private values = new Float64Array(256);

  /** Undefined for a wire that has never been set to anything but 0. */
  find(name: string): number | undefined {
    const place = this.places.get(name);
    return place === undefined ? undefined : this.values[place];
  }
  get(name: string): number {
    return this.find(name) ?? 0;
  }
  /** The wire's place, or -1 if it had that value. */
  set(name: string, value: number): number {
    let place = this.places.get(name);
    if ((place === undefined ? 0 : this.values[place]) === value) return -1;
    if (place === undefined) this.places.set(name, (place = this.places.size));
    if (place === this.values.length) {
      const grown = new Float64Array(2 * place);
      grown.set(this.values);
      this.values = grown;
    }
    this.values[place] = value;
    return place;
  }

  save(): Float64Array {
    return this.values.slice();
  }
  restore(saved: Float64Array): void {
    this.values.set(saved);
    // saved before there were so many
    this.values.fill(0, saved.length);
  }
}
