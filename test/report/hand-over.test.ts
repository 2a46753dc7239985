/** The picture of a hand-over. */
import { describe, expect, it } from 'vitest';
import type { RunResult } from '../../src/bench/documents/result.ts';
import { handOverPicture } from '../../src/report/hand-over/picture.ts';
import type { Sources } from '../../src/report/source-lines.ts';
import { HOSTILE_LINES } from '../samples/hostile.ts';
import { checks, dfuResult, primaskCause, primaskResult, writer } from '../samples/results.ts';
import { flawsOf, textsOf } from './picture-kit.ts';

const row = (at: string, kind: string, text: string): RunResult['usb']['log'][number] => ({ at, kind, text });
const ATTACH = row('0.351000000', 'attach', 'pull-up on D+');
const RESET = row('0.451000000', 'reset', 'bus reset');
const ANSWERED = [
  row('0.561000000', 'request', 'GET_DESCRIPTOR(DEVICE, 64): 18 bytes, 1 NAKs'),
  row('0.561100000', 'reset', 'bus reset'),
  row('0.671000000', 'request', 'SET_ADDRESS(1): ok'),
  row('0.681000000', 'request', 'GET_DESCRIPTOR(DEVICE, 18): 18 bytes'),
  row('0.682000000', 'request', 'GET_DESCRIPTOR(CONFIGURATION, 9): 9 bytes'),
  row('0.683000000', 'request', 'SET_CONFIGURATION(1): ok'),
  row('0.683000000', 'enumerated', '0483:df11 "DFU in FS Mode", served by system code'),
  row('0.684000000', 'request', 'GET_DESCRIPTOR(STRING 6, 255): 76 bytes'),
  row('0.685000000', 'request', 'DFU_GETSTATUS: 6 bytes'),
  row('0.685000000', 'dfu', 'dfuIDLE, "@Internal Flash"'),
];
const SILENT = [
  ...['0.561', '0.562', '0.563'].map((at) => row(`${at}000000`, 'no-answer', 'GET_DESCRIPTOR(DEVICE, 64): no handshake')),
  row('0.563000000', 'enumeration-retry', 'device-64: error; attempt 2'),
  row('0.563000000', 'reset', 'bus reset'),
  row('0.663000000', 'no-answer', 'SET_ADDRESS(1): no handshake'),
  row('0.663000000', 'enumeration-retry', 'set-address: error; attempt 3'),
  row('0.763000000', 'enumeration-retry', 'set-address: error; attempt 4'),
  row('0.900000000', 'enumeration-failed', 'set-address: error; the host gives up after 4 attempts'),
];
const masked = (): RunResult => {
  const r = primaskResult();
  return {
    ...r,
    usb: { sessions: [{ ...dfuResult().usb.sessions[0]!, servedBy: null, enumerated: false }], log: [ATTACH, RESET, ...SILENT] },
    repaired: { causes: ['primask'], outcome: 'dfu', log: ANSWERED },
  };
};
const works = (): RunResult => ({ ...dfuResult(), usb: { ...dfuResult().usb, log: [ATTACH, RESET, ...ANSWERED] } });
const SOURCES: Sources = (path) => ({
  path,
  lines: Array.from({ length: 60 }, (_, i) => (i === 41 ? '  __disable_irq(); /* never enabled again */' : `  line_${i + 1}();`)),
  newer: false,
  elsewhere: false,
});

it('of a loader and its application has no ROM in it, and no jump into one', () => {
  const r = masked();
  const causes = r.diagnosis.causes.map((cause) => ({ ...cause, id: 'image' as const, what: 'SCB.SCR.SLEEPDEEP' }));
  const loaded: RunResult = {
    ...r,
    outcome: 'stuck',
    entries: [],
    usb: { sessions: [], log: [] },
    goal: { name: 'app', reached: false, at: null },
    diagnosis: { ...r.diagnosis, causes, sets: [['image']] },
    handOvers: [{ at: '0.100000000', from: 'loader', to: 'app.elf', how: 'branch', goal: 'app', reached: false }],
    repaired: null,
  };
  for (const narrow of [false, true]) {
    const texts = textsOf(handOverPicture(loaded, { sources: SOURCES, narrow })).join('\n');
    expect(texts).toMatch(/LOADER\nthe start\nAPP\n/);
    expect(texts).toContain('the application runs');
    expect(texts).not.toMatch(/jump into the ROM|never jumps/);
  }
});

it.each([
  ['interrupt 37 (USART1)', 'USART1'],
  ['SysTick', 'SysTick'],
])('a jump from inside the handler of %s stands at the line of the jump, with the exception on its wire', (exception, name) => {
  const r = masked();
  const fix =
    '/* at file scope, in a NOLOAD section */\nstatic volatile uint32_t dfu_request;\n/* here, in place of the jump */\ndfu_request = 1;\nNVIC_SystemReset();';
  const explanation = `The firmware jumped from inside the handler of ${exception}.`;
  const causes = [{ ...primaskCause, id: 'handler-mode' as const, lastWriter: null, fix, explanation }];
  const observed = `IPSR = 53: ${exception}, priority 0; the USB interrupt's is 0`;
  const inHandler: RunResult = {
    ...r,
    checks: checks({ 'handler-mode': { verdict: 'fail', observed, expected: 'IPSR = 0' } }),
    diagnosis: { ...r.diagnosis, causes, sets: [['handler-mode']] },
    repaired: { ...r.repaired!, causes: ['handler-mode'] },
  };
  for (const narrow of [false, true]) {
    const svg = String(handOverPicture(inHandler, { sources: SOURCES, narrow }));
    expect(flawsOf(svg)).toEqual([]);
    expect(textsOf(svg, 'a')).toEqual(expect.arrayContaining(['line_50();', `IPSR = 53: ${name}`]));
    expect(textsOf(svg, 'v')).toContain('+ dfu_request = 1;');
    expect(textsOf(svg).join(' ')).toContain('main.c:50: The firmware jumped');
    expect(textsOf(svg)).not.toContain('no line of your code');
  }
});

describe('A jump with interrupts masked', () => {
  const svg = String(handOverPicture(masked(), { sources: SOURCES }));
  it('shows the line of code, without its comment, the broken wire and the sentence', () => {
    expect(flawsOf(svg)).toEqual([]);
    expect(textsOf(svg, 'a')).toEqual(expect.arrayContaining(['__disable_irq();', 'main.c:42 · enter_dfu', 'PRIMASK = 1']));
    expect(textsOf(svg).join(' ')).toContain('main.c:42: Interrupts were still off (PRIMASK = 1) when the ROM was entered');
    expect(svg).toMatch(/data-wire="primask" data-state="broken"/);
    expect(svg.match(/data-state="broken"/g)).toHaveLength(1);
  });
  it('ends the ladder where the host falls silent, and says what the host does then', () => {
    expect(svg).toContain('data-ladder="2/3"');
    expect(textsOf(svg, 'a')).toEqual(expect.arrayContaining(['GET_DESCRIPTOR(DEVICE)', 'no answer', '✗']));
    expect(textsOf(svg, 'a').join(' ')).toContain('the host gives up after 4 attempts');
  });
  it('counts one thing, the attempts of the host, and not how often each asks', () => {
    expect(textsOf(svg, 'a').filter((text) => text.includes('×'))).toEqual([]);
    const once = SILENT.filter(({ kind }) => kind !== 'enumeration-retry');
    const picture = handOverPicture({ ...masked(), usb: { ...masked().usb, log: [ATTACH, RESET, ...once] } });
    expect(textsOf(String(picture), 'a').join(' ')).toContain('the host gives up after one attempt');
  });
  it('shows the request that a device puts off without an end, which the log has no row of', () => {
    const putOff = String(handOverPicture({ ...masked(), usb: { ...masked().usb, log: [ATTACH, RESET] } }));
    expect(flawsOf(putOff)).toEqual([]);
    expect(putOff).toContain('data-ladder="2/3"');
    expect(textsOf(putOff, 'a')).toEqual(expect.arrayContaining(['GET_DESCRIPTOR(DEVICE)', 'no answer', 'no DFU device']));
  });
  it('has the repaired run behind it: the same request answered, and all that follows', () => {
    expect(textsOf(svg, 'v')).toEqual(expect.arrayContaining(['GET_DESCRIPTOR(DEVICE)', '18 bytes', 'PRIMASK = 0', '+ __enable_irq();']));
    expect(textsOf(svg)).toEqual(
      expect.arrayContaining(['SET_ADDRESS(1)', 'GET_DESCRIPTOR ×2', 'SET_CONFIGURATION(1)', 'DFU_GETSTATUS', 'dfuIDLE', '0483:df11']),
    );
    expect(svg).toContain('href="#hand-over-repaired"');
  });
  it('names its parts so that a page may have several', () => {
    expect(handOverPicture(masked(), { id: 'second' })).toContain('<g id="second-repaired"/>');
  });
  it('without a proof promises nothing', () => {
    const causes = [{ ...primaskCause, proved: false, outcomeAfterRepair: null }];
    const vain = handOverPicture({ ...masked(), repaired: null, diagnosis: { explained: false, causes, sets: [], harmless: [] } });
    expect(vain).not.toContain('0483:df11');
    expect(vain).not.toContain('href=');
    expect(vain).toContain('data-wire="primask" data-state="broken"');
  });
});

describe('A success', () => {
  const svg = String(handOverPicture(works(), { sources: SOURCES }));
  it('has all rungs up to the device, nothing that is broken and nothing to repair', () => {
    expect(flawsOf(svg)).toEqual([]);
    expect(svg).toContain('data-ladder="7/7"');
    expect(textsOf(svg)).toContain('0483:df11');
    expect(svg).not.toMatch(/data-state="broken"|href=/);
  });
  it('goes on where the device refuses what the host can do without, and ends where it cannot', () => {
    const refused = row('0.600000000', 'request', 'GET_DESCRIPTOR(STRING 238, 18): STALL, 1 NAKs');
    const log = [ATTACH, RESET, ...ANSWERED.slice(0, 4), refused, ...ANSWERED.slice(4)];
    const picture = String(handOverPicture({ ...works(), usb: { ...works().usb, log } }));
    expect(picture).toContain('data-ladder="7/7"');
    expect(picture).not.toContain('STALL');
    const vital = [
      ATTACH,
      RESET,
      row('0.5', 'request', 'GET_DESCRIPTOR(DEVICE, 64): STALL'),
      row('0.5', 'enumeration-retry', 'device-64: stall; attempt 2'),
    ];
    const ended = String(handOverPicture({ ...masked(), usb: { ...masked().usb, log: vital } }));
    expect(ended).toContain('data-ladder="2/3"');
    expect(textsOf(ended, 'a')).toContain('STALL');
  });
  it('shows who wrote what is right', () => {
    const all = checks({ vtor: { observed: 'VTOR = 0x0bf97000', lastWriter: { ...writer, line: 7 } } });
    const shown = textsOf(String(handOverPicture({ ...works(), checks: all }, { sources: SOURCES })));
    expect(shown).toEqual(expect.arrayContaining(['line_7();', 'main.c:7 · enter_dfu', 'VTOR = 0x0bf97000']));
  });
});

describe('An application that does not work after the leave', () => {
  const left = { at: '1.402000000', cycle: 1, kind: 'left', text: 'branch from system memory into user memory', pc: null, file: null, line: null } as const; // prettier-ignore
  const into = { ...left, at: '1.404000000', kind: 'entry', text: 'exception into system memory at 0x1fffd6ac' } as const;
  const run = (): RunResult => {
    const base = works();
    const again = { ...base.entries[0]!, at: '1.404000000', how: 'exception', address: '0x1fffd6ac' } as const;
    const all = checks({
      'leave-path': { verdict: 'fail', observed: 'its exception is handled in system memory', because: 'the vectors are those of the ROM' },
      'leave-remap': { verdict: 'fail', observed: 'SYSCFG_CFGR1 = 0x00000001', expected: 'SYSCFG_CFGR1 = 0x00000000' },
      'leave-clocks': { verdict: 'pass', observed: 'RCC_CR = 0x00000003' },
    });
    const behind = row('1.401', 'request', 'DFU_ABORT: ok');
    const usb = { ...base.usb, log: [...base.usb.log, behind] };
    return {
      ...base,
      checks: all,
      entries: [...base.entries, again],
      usb,
      timeline: [...base.timeline, left, into],
      goal: { ...base.goal, at: '0.700000000' },
    };
  };
  it('has a hand-over of its own: what the ROM leaves, and what becomes of the application', () => {
    const svg = String(handOverPicture(run(), { sources: SOURCES }));
    expect(flawsOf(svg)).toEqual([]);
    const texts = textsOf(svg);
    expect(texts).toEqual(expect.arrayContaining(['0483:df11', 'WHAT THE ROM LEAVES', 'YOUR APPLICATION', 'the application starts']));
    expect(texts.join(' ')).toContain(
      '✓ The host sees the DFU device, but the application does not come back from the leave The vectors are those of the ROM',
    );
    expect(texts.join(' ')).toContain('The vectors are those of the ROM');
    expect(textsOf(svg, 'a').join(' ')).toContain('its exception is handled in system memory');
    expect(svg).toMatch(/data-wire="leave-remap" data-state="broken"/);
    expect(svg).toMatch(/data-wire="leave-clocks" data-state="good"/);
  });
  it('is headed as the verdict is: it fails where the scenario ends with a leave, and is no plain success where only the bench left it', () => {
    const steps: RunResult['scenario']['steps'] = [{ at: '1s', do: { dfu: { leave: '0x08000000' } } }];
    const svg = String(handOverPicture({ ...run(), scenario: { ...run().scenario, steps } }));
    expect(flawsOf(svg)).toEqual([]);
    expect(textsOf(svg).slice(0, 2).join(' ')).toBe(
      '✗ The host sees the DFU device, but the application does not come back from the leave',
    );
    expect(svg).toMatch(/class="h red">✗/);
    expect(String(handOverPicture(run()))).toMatch(/class="h odd">✓ The host sees the DFU device, but/);
  });
  it('tells the way there by its own jump, and what the host asked at the end as a leave', () => {
    const svg = String(handOverPicture(run(), { sources: SOURCES }));
    expect(textsOf(svg).some((text) => text.startsWith('the jump, ') && !text.includes('1.404'))).toBe(true);
    expect(svg).not.toContain('DFU_ABORT');
    expect(textsOf(svg)).toContain('leave');
  });
  it('is told in the ladder where the bench left the device behind the run', () => {
    const ok = { result: 'ok', because: null } as const;
    const alive = { result: 'failed', because: 'its exceptions go to the ROM' } as const;
    const after = { list: ok, upload: ok, erase: ok, download: ok, verify: ok, leave: ok, alive };
    const svg = String(handOverPicture({ ...works(), after }));
    expect(flawsOf(svg)).toEqual([]);
    expect(textsOf(svg)).toEqual(expect.arrayContaining(['read, erase, write', 'leave']));
    expect(textsOf(svg).join(' ')).toContain('the application does not work after it');
    // the verdict is OK, and nobody who sees the picture may take it for all
    expect(svg).toMatch(/class="h odd">✓ .*, but/);
    expect(svg).toMatch(/class="x red c">✗/);
    const well = String(handOverPicture({ ...works(), after: { ...after, alive: ok } }));
    expect(well).toMatch(/class="h ok">✓/);
    expect(textsOf(well)).not.toContain('leave');
  });
  it('has what the ROM leaves as a wire, beside what the application needs, and the line that repairs it', () => {
    const ok = { result: 'ok', because: null } as const;
    const by = { pc: '0x08000100', symbol: 'tick_init', file: 'core/core.c', line: 11 } as const;
    const left = [{ id: 'leave-remap', observed: 'SYSCFG_CFGR1.MEM_MODE = 1', expected: 'SYSCFG_CFGR1.MEM_MODE = 0' }];
    const table = { exception: 'SysTick', by, fix: 'SYSCFG->CFGR1 &= ~0x00000003' };
    const alive = { result: 'failed', because: 'its exceptions go to the ROM', about: { left, table } } as const;
    const after = { list: ok, upload: ok, erase: ok, download: ok, verify: ok, leave: ok, alive };
    for (const narrow of [false, true]) {
      const svg = String(handOverPicture({ ...works(), after }, { narrow }));
      expect(flawsOf(svg)).toEqual([]);
      expect(svg).toMatch(/data-wire="leave-remap" data-state="broken"/);
      expect(textsOf(svg)).toEqual(expect.arrayContaining(['WHAT THE ROM LEAVES', 'the application needs 0', 'Repair:']));
      expect(textsOf(svg).join(' ')).toContain('the first is SysTick, enabled at core.c:11.');
      expect(textsOf(svg, 'a').join(' ')).toContain('MEM_MODE = 1');
    }
  });
});

it('says over the ROM that it is a stand-in, and over none that is not', () => {
  const headings = (kind: RunResult['rom']['kind'], narrow: boolean): readonly string[] =>
    textsOf(String(handOverPicture({ ...works(), rom: { ...works().rom, kind } }, { narrow })));
  for (const narrow of [false, true]) {
    expect(headings('stand-in', narrow)).toContain('STAND-IN ROM');
    expect(headings('dump', narrow)).toContain('ROM');
    expect(headings('dump', narrow)).not.toContain('STAND-IN ROM');
  }
});
it('has a sign of its own for what is odd and harmless, and one colon in its label', () => {
  const all = checks({ 'reset-flags': { verdict: 'warn', observed: 'set: SFTRSTF' } });
  const svg = String(handOverPicture({ ...works(), checks: all }));
  expect(textsOf(svg)).toEqual(expect.arrayContaining(['reset flags set: SFTRSTF', '≠']));
  expect(textsOf(svg)).not.toContain('!');
});
it('of a field that there is no room for, the register goes and not the value', () => {
  const all = checks({ vddusb: { observed: 'PWR_USBSCR.USB33SV = 1', lastWriter: writer } });
  expect(textsOf(String(handOverPicture({ ...works(), checks: all }, { narrow: true })))).toContain('USB33SV = 1');
});
describe('As wide as a phone', () => {
  const narrow = (result: RunResult): string => String(handOverPicture(result, { sources: SOURCES, narrow: true }));
  it('has the line of code above its wire, and the host below, with the same words', () => {
    const svg = narrow(masked());
    expect(flawsOf(svg)).toEqual([]);
    expect(svg).toContain('width="380"');
    for (const text of ['__disable_irq();', 'PRIMASK = 1', 'GET_DESCRIPTOR(DEVICE)', 'no answer'])
      expect(textsOf(svg, 'a')).toContain(text);
    const y = (text: string): number => Number(new RegExp(`y="([\\d.]+)"[^>]*>(?:<title>[^<]*</title>)?${text}`).exec(svg)![1]);
    expect(y('__disable_irq')).toBeLessThan(y('PRIMASK = 1'));
    expect(y('USB HOST')).toBeGreaterThan(y('PRIMASK = 1'));
  });
  it('draws a success and a life without a jump, too', () => {
    expect(flawsOf(narrow(works()))).toEqual([]);
    const never: RunResult = {
      ...works(),
      outcome: 'no-jump',
      entries: [],
      usb: { sessions: [], log: [] },
      goal: { name: 'usb', reached: false, at: null },
    };
    expect(flawsOf(narrow(never))).toEqual([]);
    expect(textsOf(narrow(never))).toContain('YOUR APPLICATION');
  });
});

describe('A jump that never comes', () => {
  const base: RunResult = { ...dfuResult(), entries: [], usb: { sessions: [], log: [] }, goal: { name: 'usb', reached: false, at: null } };
  it('shows the life of the application, and the line on which it faults', () => {
    const timeline: RunResult['timeline'] = [
      { at: '0.000000000', cycle: 0, kind: 'reset', text: 'power-on', pc: null, file: null, line: null },
      { at: '0.020000000', cycle: 9, kind: 'fault', text: 'bus-data at 0x60000000', pc: '0x08000100', file: 'main.c', line: 14 },
    ];
    const crash = { kind: 'crash', text: 'main.c:14 (main) wrote to 0x60000000: there is nothing' };
    const svg = String(handOverPicture({ ...base, outcome: 'fault', timeline, notes: [crash] }, { sources: SOURCES }));
    expect(flawsOf(svg)).toEqual([]);
    expect(textsOf(svg)).toEqual(expect.arrayContaining(['YOUR APPLICATION', 'never jumps', 'power-on', 'line_14();']));
    expect(svg).toMatch(/data-wire="fault" data-state="broken"/);
  });
  it('shows the line on which it waits', () => {
    const at = { pc: '0x08000412', symbol: 'main', file: 'main.c', line: 9 } as const;
    const stuck = { address: '0x40028000', register: 'ETH.DMAMR', value: '0x00000001', pc: at.pc, force: null, at } as const;
    const svg = String(handOverPicture({ ...base, outcome: 'stuck', stuck }, { sources: SOURCES }));
    expect(textsOf(svg)).toContain('line_9();');
    expect(textsOf(svg, 'a')).toContain('ETH.DMAMR = 0x00000001');
  });
});

it('another goal has its own host and its first words', () => {
  const goal = { name: 'usart1', reached: true, at: '0.299000000', asks: '0x7F at 9600 baud on USART1 (RX PA10)' };
  const answered: RunResult = { ...dfuResult(), outcome: 'rom-silent', goal, usb: { sessions: [], log: [] } };
  const texts = textsOf(String(handOverPicture(answered)));
  expect(texts).toEqual(expect.arrayContaining(['HOST ON USART1', '0x7F at 9600 baud', 'ACK', 'USART1 answers']));
  const silent = handOverPicture({ ...answered, goal: { ...goal, reached: false, at: null } });
  expect(silent).toContain('data-ladder="0/1"');
  expect(textsOf(String(silent), 'a').join(' ')).toContain('nothing is heard on USART1');
});

it('text of others is text: no element, no entity, no command, and as much as there is room for', () => {
  const hostile = `${HOSTILE_LINES.join(' ')} ${'<x>&"'.repeat(3000)}`;
  const place = { ...writer, symbol: hostile, file: `${hostile}.c` };
  const causes = [{ ...primaskCause, explanation: hostile, fix: hostile, lastWriter: place }];
  const all = checks({ primask: { verdict: 'fail', observed: hostile, expected: hostile, lastWriter: place }, vtor: { observed: hostile, lastWriter: place } });
  const log = [row('0.351', 'attach', hostile), row('0.36', 'request', hostile), row('0.37', 'no-answer', hostile)];
  const result: RunResult = { ...masked(), checks: all, diagnosis: { ...primaskResult().diagnosis, causes }, summary: hostile, usb: { ...masked().usb, log } };
  const svg = String(handOverPicture(result, { sources: (path) => ({ path, lines: Array<string>(60).fill(hostile), newer: false, elsewhere: false }) }));
  expect(flawsOf(svg).filter((flaw) => !/^\d+ bytes$/.test(flaw))).toEqual([]);
  expect(svg).not.toMatch(/<(script|img|x)\b/);
  expect(svg.length).toBeLessThan(40_000);
}); // prettier-ignore
