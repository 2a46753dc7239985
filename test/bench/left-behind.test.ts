/** What a loader leaves to an application: what the application does from reset is what it shows, and no state that it happens to pass. */
import { expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { Thumb } from '../emu/thumb.ts';
import { livesAs, type Life } from '../../src/bench/difference/programs.ts';
import { Session } from '../../src/bench/session/session.ts';
import { plainJob } from './plain-job.ts';
import { imageOf } from './rounds-firmware.ts';

const [LOADER, APP] = [0x08000000, 0x08004000];
const waits = (base: number): Thumb => new Thumb(base + 0x400).bxLr();
const store = (t: Thumb, address: number, value: number): Thumb => t.constant(1, address).constant(0, value).str(0, 1);
let labels = 0;
function wait(t: Thumb, address: number, bit: number, until: 'set' | 'clear'): Thumb {
  const here = `wait${labels++}`;
  t.constant(1, address)
    .constant(2, 2 ** bit)
    .label(here)
    .ldr(0, 1)
    .tst(0, 2);
  return until === 'set' ? t.beq(here) : t.bne(here);
}
const ticks = (t: Thumb): Thumb =>
  store(store(t, 0xe000e014, 7_999), 0xe000e010, 7)
    .label('loop')
    .wfi()
    .b('loop');
const pair = (chip: string, loader: Thumb, app: Thumb) =>
  runBench(
    jobInput(
      plainJob(chip, [
        { path: 'loader.bin@0x8000000', bytes: imageOf(loader, waits(LOADER)) },
        { path: 'app.bin@0x8004000', bytes: imageOf(app, waits(APP), APP) },
      ]),
    ),
  );

it('wait states that the application would set itself are no cause beside the clock that it cannot set', () => {
  const [CR, CFGR, ACR] = [0x40023800, 0x40023808, 0x40023c00];
  const loader = new Thumb(LOADER + 0x200);
  store(wait(store(loader, CR, 0x01000083), CR, 25, 'set'), ACR, 5);
  wait(store(loader, CFGR, 2), CFGR, 3, 'set');
  store(loader, 0xe000ed08, APP).constant(0, APP).ldr(0, 0, 4).bx(0);
  const app = wait(store(new Thumb(APP + 0x200), CR, 0x83), CR, 25, 'clear');
  const { diagnosis, outcome } = pair('stm32f405rg', loader, ticks(store(app, ACR, 5)));
  expect(outcome).toBe('stuck');
  expect(diagnosis.sets.length).toBeGreaterThan(0);
  expect(diagnosis.causes.filter((c) => c.proved).map((c) => c.what)).not.toContainEqual(expect.stringContaining('FLASH.ACR'));
});

it('a core without VTOR is not told to write it', () => {
  const loader = new Thumb(LOADER + 0x200).constant(0, APP).ldr(0, 0, 4).bx(0);
  // its exceptions go to the loader's table, whose handler is an undefined instruction
  const [main, handler] = [ticks(new Thumb(APP + 0x200)), new Thumb(LOADER + 0x400).put(0xde00)];
  const images = [
    { path: 'loader.bin@0x8000000', bytes: imageOf(loader, handler) },
    { path: 'app.bin@0x8004000', bytes: imageOf(main, waits(APP), APP) },
  ];
  const { diagnosis, outcome } = runBench(jobInput(plainJob('stm32f030r8', images)));
  expect(outcome).toBe('fault');
  expect(diagnosis.causes.map((c) => c.what ?? c.id)).not.toContainEqual(expect.stringContaining('VTOR'));
  // a core that has it is
  expect(runBench(jobInput(plainJob('stm32g071rb', images))).diagnosis.causes).toContainEqual(
    expect.objectContaining({ what: 'SCB.VTOR', proved: true }),
  );
});

it('an output that is set up, and then toggles no more, is not what it was from reset', () => {
  const job = plainJob('stm32f405rg', [{ path: 'app.bin@0x8000000', bytes: imageOf(ticks(new Thumb(LOADER + 0x200)), waits(LOADER)) }]);
  const session = new Session(jobInput(job));
  const life = (times: number): Life => {
    const driven = new Map([['out.PA5', { level: 1, times }]]);
    return { served: new Set(), driven, enumerated: false, printed: new Set(), hangs: false, threads: true, died: false };
  };
  const lives = (times: number, wanted: number): boolean => livesAs(session, life(times), life(wanted));
  // set up and toggled once; from reset it toggled each 100 ms
  expect([lives(2, 4), lives(3, 4), lives(4, 4)]).toEqual([false, true, true]);
  expect([lives(1, 2), lives(10, 20), lives(11, 20)]).toEqual([true, false, true]);
});
