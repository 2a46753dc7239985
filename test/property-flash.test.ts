/** What flash holds behind a case is compared wherever it or the model may have changed, and each case begins with the same bytes. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DfuProperty } from '../src/bench/dfu/dfu-property.ts';
import { DfuTarget } from '../src/bench/dfu/dfu-target.ts';
import { judgedBy } from '../src/bench/dfu/measure.ts';
import { HeldMachine } from '../src/bench/session/held-machine.ts';
import { jobInput } from '../src/bench/input/job.ts';
import { libraryJob } from '../src/library/options.ts';
import '../src/property.ts';

describe('flash behind a case (F072)', () => {
  let held: HeldMachine;
  let target: DfuTarget;
  let property: DfuProperty;
  beforeAll(async () => {
    held = new HeldMachine(jobInput(await libraryJob({ chip: 'stm32f072rb', images: [], scenario: { board: { boot0: 1 } } })));
    held.start();
    target = new DfuTarget(held);
    property = new DfuProperty(target, await judgedBy(target));
  });
  afterAll(() => held.release());

  /** A case of one wait, in which a byte of flash becomes another one by itself. */
  const changesAlone = (offset: number): void => {
    const { system } = held.session.machine;
    const flash = system.memories.find((m) => m.row.kind === 'flash' && m.row.zone === 'user')!;
    const run = target.run.bind(target);
    target.run = (ms) => {
      system.pokeMemory(flash.row.name, offset, Uint8Array.of(0x5a));
      run(ms);
    };
    try {
      property.run([{ do: 'wait', us: 5 }]);
    } finally {
      target.run = run;
    }
  };

  it.each([0x0, 0x4001, 0x1ffff])('a byte at offset %i that nobody has sent is a violation', (offset) => {
    const address = `0x${(0x08000000 + offset).toString(16)}`;
    expect(() => changesAlone(offset)).toThrow(`flash at ${address} is not what was sent`);
    // and gone with the case
    property.run([{ do: 'upload', address: 0x08000000 + (offset & ~0x7f), length: 128 }]);
  });
  it('a case finds nothing of what the one before has written, erased or lost with its power', () => {
    const download = (seed: number) => ({ do: 'download', address: 0x08004f00, length: 600, seed }) as const;
    const upload = { do: 'upload', address: 0x08004000, length: 4096 + 600 } as const;
    property.run([download(1), upload]);
    property.run([upload]);
    property.run([download(2), { do: 'powerCut', value: 0, data: [0x41, 0x00, 0x48, 0x00, 0x08], afterUs: 9000, ms: 20 }, upload]);
    property.run([upload, download(3), upload]);
    // a mass erase
    property.run([{ do: 'request', request: 1, value: 0, data: [0x41], length: 1 }, { do: 'settle' }, upload]);
    property.run([upload]);
  });
});
