/** Boards by name: what they change, and what is said when there is none of that name. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BOARDS, findBoard, suggestBoards } from '../../src/bench/input/boards.ts';
import { expandScenario } from '../../src/bench/input/scenario.ts';
import type { Board } from '../../src/bench/documents/scenario-types.ts';
import { boardDocument, boardParameters } from '../../src/bench/input/board.ts';
import { circuitInWords } from '../../src/bench/input/board-circuits.ts';
import { loadJob, type RunOptions } from '../../src/cli/inputs.ts';
import { folder } from '../cli/helpers.ts';
import { usbPort } from '../../src/peripherals/usb/usb-ports.ts';
import { UsbSim } from '../../src/usb-sim/usb-sim.ts';
import { findChip } from '../../src/chips/index.ts';
import { MS } from '../../src/emu/time.ts';
import { StChip } from '../peripherals/st-chip.ts';
import { leadUsbPins } from '../peripherals/usb-pins.ts';

describe('known boards', () => {
  it.each(BOARDS.map((b) => [b.name, b] as const))('%s carries a part that is modelled, and has a source', (_name, b) => {
    const chip = findChip(b.chip);
    expect(chip?.name).toBe(b.chip);
    expect(b.source).not.toBe('');
    expect(boardDocument(chip!, b.board).hse).toEqual(b.board.hse);
  });
  it.each(BOARDS.map((b) => [b.name, b] as const))(
    '%s says how BOOT0 is raised, and from where that is known',
    (name, { circuit, board }) => {
      expect([circuit.boot0, circuit.usb, circuit.source].filter((text) => text === '')).toEqual([]);
      expect(circuitInWords(name, circuit)).toContain(circuit.boot0);
      expect(board.vbus === false && circuit.vbus !== 'none').toBe(false);
    },
  );
  it('VBUS is said to be missing where the part could sense it, and not elsewhere', () => {
    const says = (name: string): boolean | undefined => findBoard(name).board.vbus;
    expect(['blackpill-f411ce', 'nucleo-f072rb', 'stm32f3-disco', 'nucleo-g0b1re'].map(says)).toEqual([
      false,
      undefined,
      undefined,
      undefined,
    ]);
  });
  it.each([
    ['blackpill-f411ce', 0],
    ['stm32f411e-disco', 1],
  ] as const)('firmware that senses VBUS on %s: pull-up %i, and a missing VBUS is said', (name, up) => {
    const known = findBoard(name);
    const h = new StChip(findChip(known.chip)!);
    const sim = new UsbSim(h.system, () => usbPort(h.system)!.port, {
      host: 'linux',
      cable: 'in',
      vbus: known.board.vbus ?? true,
      driver: 'none',
    });
    sim.powerOn();
    leadUsbPins(h.system);
    h.set('RCC.AHB2ENR.OTGFSEN', 1);
    h.write('OTG_FS.GCCFG', (1 << 16) | (1 << 19));
    h.write('OTG_FS.DCTL', h.read('OTG_FS.DCTL') | 2);
    h.write('OTG_FS.DCTL', h.read('OTG_FS.DCTL') & ~2);
    expect(h.system.wire('usb.pullup')).toBe(up);
    expect(h.notes.some((n) => n.includes('waits for VBUS'))).toBe(up === 0);
    // sensing off
    h.write('OTG_FS.GCCFG', (1 << 16) | (1 << 21));
    expect(h.system.wire('usb.pullup')).toBe(1);
  });
  it('the button of an older Nucleo-64 leaves its pin high, that of a newer one and of a Black Pill leaves it to the chip', () => {
    const pins = (name: string): unknown => findBoard(name).board.pins;
    expect(['nucleo-f446re', 'nucleo-f103rb', 'nucleo-g0b1re'].map(pins)).toEqual([{ PC13: 1 }, { PC13: 1 }, { PC13: 1 }]);
    expect(['nucleo-g474re', 'nucleo-f767zi', 'nucleo-l432kc', 'blackpill-f411ce'].map(pins)).toEqual(Array(4).fill(undefined));
  });
  it('what the scenario puts on pins goes before the board', async () => {
    const path = join(folder(), 'scenario.json');
    writeFileSync(path, JSON.stringify({ schema: 'bootbench/scenario@1', board: { boot0: 1, pins: { PA10: 1, PC13: 0 } } }));
    const pinsOf = async (options: RunOptions): Promise<unknown> =>
      (await loadJob([], { board: 'nucleo-f446re', ...options }, '')).scenario.board!.pins;
    expect(await pinsOf({ boot0: true })).toEqual({ PC13: 1 });
    expect(await pinsOf({ scenario: path })).toEqual({ PA10: 1, PC13: 0 });
  });
  it('a Black Pill has a 25 MHz crystal, a Nucleo the clock of its ST-LINK', () => {
    const chip = findChip('stm32f411ce')!;
    expect(boardParameters(chip, boardDocument(chip, findBoard('BlackPill F411CE').board))).toMatchObject({ 'hse.hz': 25_000_000 });
    const nucleo = findChip('stm32f411re')!;
    expect(boardParameters(nucleo, boardDocument(nucleo, findBoard('nucleo_f411re').board))).toMatchObject({ 'hse.external': 1 });
  });
  it('HSE in bypass mode on a board with a crystal never gets ready, and that is said', () => {
    for (const [name, ready] of [
      ['nucleo-f411re', 1],
      ['stm32f411e-disco', 0],
    ] as const) {
      const known = findBoard(name);
      const chip = findChip(known.chip)!;
      const changes = boardParameters(chip, boardDocument(chip, known.board));
      const h = new StChip(chip, Object.fromEntries(Object.entries(changes).map(([k, v]) => [k, v ?? NaN])));
      h.write('RCC.CR', 0x83 | (1 << 18));
      h.write('RCC.CR', 0x83 | (1 << 18) | (1 << 16));
      h.wait(100 * MS);
      expect(h.get('RCC.CR.HSERDY')).toBe(ready);
      expect(h.notes.some((n) => n.includes('HSE in bypass mode'))).toBe(ready === 0);
    }
  });
  it.each([
    ['F411E-DISCO', 'stm32f411e-disco'],
    ['DISCO_F411E', 'stm32f411e-disco'],
    ['STM32F411E-DISCOVERY', 'stm32f411e-disco'],
    ['stm32f411e_disco', 'stm32f411e-disco'],
    ['STM32F4DISCOVERY', 'stm32f4-disco'],
    ['stm32f4discovery', 'stm32f4-disco'],
    ['STM32F429I-DISCO', 'stm32f429i-disc1'],
    ['32F429IDISCOVERY', 'stm32f429i-disc1'],
    ['NUCLEO_F303ZE', 'nucleo-f303ze'],
    ['stm32f303re-nucleo', 'nucleo-f303re'],
    ['Nucleo-144 F767ZI', 'nucleo-f767zi'],
    ['NUCLEO-H743ZI2', 'nucleo-h743zi'],
    ['nucleo l073rz', 'nucleo-l073rz'],
    ['Blue Pill', 'bluepill'],
    ['WeAct Black Pill F411CE', 'blackpill-f411ce'],
    ['blackpill', null],
    ['PyBoard v1.1', 'pyboard-v1.1'],
  ])('%s is %s', (typed, name) => {
    if (name === null) expect(() => findBoard(typed)).toThrow(/did you mean/);
    else expect(findBoard(typed).name).toBe(name);
  });
  it('no two boards go by one name', () => {
    for (const b of BOARDS) expect(findBoard(b.name).name).toBe(b.name);
  });
  it('near names are suggested, others get the list', () => {
    expect(suggestBoards('blackpill').slice(0, 3)).toEqual(['blackpill-f401cc', 'blackpill-f401ce', 'blackpill-f411ce']);
    expect(suggestBoards('nucleo-f411')[0]).toBe('nucleo-f411re');
    expect(() => findBoard('nucleo-f411')).toThrow(/there is no board "nucleo-f411"/);
    expect(suggestBoards('xy')).toEqual([]);
  });
});

describe('a board that a scenario names', () => {
  const plan = (board: Board) => expandScenario({ schema: 'bootbench/scenario@1', board }, findChip('stm32f446re')!, { images: [] });
  it('is what --board would be, and its part is the chip', async () => {
    const cwd = folder({ 'a.json': JSON.stringify({ schema: 'bootbench/scenario@1', board: { name: 'NUCLEO-F446RE', boot0: 1 } }) });
    const job = await loadJob([], { scenario: 'a.json' }, cwd);
    expect(job.chip).toBe('STM32F446RE');
    expect(plan({ name: 'NUCLEO-F446RE' }).document.board).toMatchObject({
      name: 'nucleo-f446re',
      hse: { hz: 8_000_000, kind: 'bypass' },
      vbus: false,
      pins: { PC13: 1 },
    });
  });
  it('comes after what the scenario says itself', () => {
    const { board } = plan({ name: 'nucleo-f446re', hse: null, vbus: true, pins: { PC13: 0, PA0: 1 } });
    expect(board).toMatchObject({ hse: null, vbus: true, pins: { PC13: 0, PA0: 1 } });
  });
  it('has to be known', () => {
    expect(() => plan({ name: 'nucleo-f447re' })).toThrow(/^board\.name: .*nucleo-f446re/);
  });
});
