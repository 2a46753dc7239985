/**
 * Values of the wires between blocks, 0 until one is set. A name has its place for good and all values lie in one array, so that a checkpoint is one copy: there
 * are hundreds, and of the machine's state they are what is set most often.
 */
export class Wires {
  private readonly places = new Map<string, number>();
  private values = new Float64Array(256);

  get(name: string): number {
    const place = this.places.get(name);
    return place === undefined ? 0 : this.values[place]!;
  }
  /** False if the wire had that value. */
  set(name: string, value: number): boolean {
    let place = this.places.get(name);
    if ((place === undefined ? 0 : this.values[place]) === value) return false;
    if (place === undefined) this.places.set(name, (place = this.places.size));
    if (place === this.values.length) {
      const grown = new Float64Array(2 * place);
      grown.set(this.values);
      this.values = grown;
    }
    this.values[place] = value;
    return true;
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
