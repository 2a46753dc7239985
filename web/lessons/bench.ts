/** What the bench does for a lesson, through the worker's interface, and each thing once. */
import { NO_FLIPS, type Diagnosed, type Entry, type Flips, type Go, type Setup, type Verdict, type View } from '../setup.ts';
import type { Outcome } from '../../src/bench/documents/result.ts';
import { programOf } from './lessons.ts';
import type { Ask, Evidence, FirmwareName, LessonFirmware } from './types.ts';

/** The part of the worker (web/lab.ts) that lessons need. */
export interface LessonLab {
  diagnose(setup: Setup, flips: Flips): Promise<Diagnosed>;
  entry(setup: Setup): Promise<Entry | null>;
  outcomeWith(setup: Setup, flips: Flips): Promise<Outcome>;
  open(setup: Setup, flips: Flips): Promise<View>;
  go(where: Go): Promise<View>;
  read(what: readonly string[]): Promise<Readonly<Record<string, number | null>>>;
}
/** Where firmware comes from: the page fetches it, a test reads files. */
export interface Shelf {
  firmware(name: FirmwareName): Promise<LessonFirmware>;
  elf(fixture: string): Promise<Uint8Array>;
}

export class LessonBench {
  private readonly lab: LessonLab;
  private readonly shelf: Shelf;
  private readonly held = new Map<string, Promise<unknown>>();

  constructor(lab: LessonLab, shelf: Shelf) {
    this.lab = lab;
    this.shelf = shelf;
  }
  /** Asked for once; what failed is tried again. */
  private once<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.held.get(key) as Promise<T> | undefined;
    if (before) return before;
    const made = work();
    this.held.set(key, made);
    made.catch(() => this.held.delete(key));
    return made;
  }
  firmware(name: FirmwareName): Promise<LessonFirmware> {
    return this.once(`firmware ${name}`, () => this.shelf.firmware(name));
  }
  private async setup(name: FirmwareName): Promise<Setup> {
    const [{ chip, scenario, source }, bytes] = await Promise.all([this.firmware(name), this.shelf.elf(programOf(name))]);
    return { name: 'firmware.elf', chip, bytes, scenario, trigger: false, source };
  }
  run(name: FirmwareName): Promise<Verdict> {
    return this.once(`run ${name}`, async () => {
      const { verdict } = await this.lab.diagnose(await this.setup(name), NO_FLIPS);
      if (verdict === null) throw new Error(`${name} was not run`);
      return verdict;
    });
  }
  /** What can be turned over at the entry. */
  entry(name: FirmwareName): Promise<Entry | null> {
    return this.once(`entry ${name}`, async () => this.lab.entry(await this.setup(name)));
  }
  withFlip(name: FirmwareName, id: string, on: boolean): Promise<Outcome> {
    return this.once(`flip ${name} ${id} ${on}`, async () =>
      this.lab.outcomeWith(await this.setup(name), { ...NO_FLIPS, state: { [id]: on } }),
    );
  }
  evidence(ask: Ask): Promise<Evidence> {
    const { firmware, stops, read = [] } = ask;
    if (stops === undefined)
      return this.run(firmware).then(({ result, chip, handOver }) => ({ chip, result, picture: handOver, view: null, values: {} }));
    return this.once(`stop ${JSON.stringify(ask)}`, () => this.inTurn(() => this.stand(firmware, stops, read)));
  }
  private async stand(name: FirmwareName, stops: readonly Go[], read: readonly string[]): Promise<Evidence> {
    const setup = await this.setup(name);
    let view = await this.lab.open(setup, NO_FLIPS);
    for (const stop of stops) view = await this.lab.go(stop);
    return { chip: setup.chip ?? '', result: null, picture: null, view, values: await this.lab.read(read) };
  }
  /** The worker holds one machine: who asks for another waits. */
  private last: Promise<unknown> = Promise.resolve();
  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const next = this.last.then(work);
    this.last = next.catch(() => undefined);
    return next;
  }
}
