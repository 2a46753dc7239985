/** Every report tells every fact: what a surface leaves out stands in a table, and nothing else is missing. */
import { withAdvice, type Advice } from '../../src/bench/documents/advice.ts';
import { untried } from '../../src/bench/proof/after.ts';
import { describe, expect, it } from 'vitest';
import { fileURLToPath } from 'node:url';
import { inThread } from '../../src/cli/engine.ts';
import { loadJob } from '../../src/cli/inputs.ts';
import { sourcesOf } from '../../src/cli/sources.ts';
import { codeQuality, githubAnnotations, sarif, stepSummary } from '../../src/report/ci.ts';
import { explain, explained } from '../../src/report/explain.ts';
import { findingsOf } from '../../src/report/findings.ts';
import { htmlReport, storySection } from '../../src/report/html.ts';
import { junit } from '../../src/report/junit.ts';
import type { Excerpt, Fact, Kind, Said, Surface } from '../../src/report/story/facts.ts';
import { linesOf, screenOf } from '../../src/report/story/lines.ts';
import { tell, type Told } from '../../src/report/story/sentences.ts';
import { NO_SOURCES } from '../../src/report/source-lines.ts';
import { storyOf } from '../../src/report/story/story.ts';
import { LEFT_OUT, toldOn } from '../../src/report/story/surfaces.ts';
import { shortReport } from '../../src/report/short.ts';
import { documentReport, terminalReport } from '../../src/report/terminal.ts';
import { shownFacts } from '../../web/told.ts';
import { dfuResult, primaskCause, primaskResult, writer } from '../samples/results.ts';

const check = primaskResult().checks.find((c) => c.observed !== null)!;
const option = primaskResult().dependsOn[0]!;
const source: Excerpt = { file: 'src/marked.c', line: 2, lines: ['int a;', 'marked_line();', 'int b;'], newer: false, leftOut: null };
const stuck = { address: '0x40028000', register: 'ETH.DMAMR', value: '0x00000001', pc: '0x08000412', force: null } as const;
/** One fact of each kind, and words that a report has to have of it. */
const FACTS: { readonly [K in Kind]: readonly [Extract<Fact, { is: K }>, ...string[]] } = {
  verdict: [{ is: 'verdict', result: primaskResult(), judgement: null }, 'rom-silent', 'no DFU device appeared'],
  ended: [{ is: 'ended', ended: { reason: 'wall', at: '1.500000000' } }, '1.5 s'],
  symptom: [{ is: 'symptom', symptom: { asked: 'resets', matches: false, options: [{ rom: {}, board: {}, outcome: 'fault', text: 'would-cause-it' }] }, notes: ['also-tried'] }, 'the board resets', 'would-cause-it', 'Also-tried'],
  after: [{ is: 'after', after: { ...untried(''), alive: { result: 'ok', because: 'it-prints' } }, told: false }, 'it-prints'],
  condition: [{ is: 'condition', text: 'pressed-by-us', detail: false }, 'Pressed-by-us'],
  but: [{ is: 'but', text: 'it-rests-on-this' }, 'It-rests-on-this'],
  summary: [{ is: 'summary', text: 'it-happened', detail: false }, 'It-happened'],
  cause: [{ is: 'cause', proof: 'proved', cause: { ...primaskCause, explanation: 'why-it-is' }, alone: 'rom-silent', check, at: writer, caller: { pc: '0x08000100', symbol: 'turn_off', file: 'power.c', line: 9 }, source, jump: null }, 'primask', 'why-it-is', 'main.c:42', 'power.c:9 (turn_off)', 'marked_line'],
  uncopied: [{ is: 'uncopied', text: 'never-copied', more: ['start-value-at'] }, 'never-copied', 'start-value-at'],
  fault: [{ is: 'fault', text: 'it-crashed', source, more: ['called-by-x'] }, 'it-crashed', 'marked_line', 'called-by-x'],
  origin: [{ is: 'origin', links: ['first-link', 'second-link'] }, 'first-link', 'second-link'],
  reset: [{ is: 'reset', texts: ['reset-here', 'reset-why'], source }, 'reset-here', 'reset-why', 'marked_line'],
  wait: [{ is: 'wait', where: 'main.c:7', source, callers: [{ text: 'caller-one', name: 'x', file: null, times: 1 }], stuck, summary: null, why: [{ text: 'wait-why' }], unmodelled: true, others: ['SPI1.I2SCFGR'], volatile: true, refused: 'refused-write' }, 'SPI1.I2SCFGR', 'ETH.DMAMR', '0x00000001', 'main.c:7', 'caller-one', 'wait-why', 'volatile', 'refused-write', 'does not model'],
  'not-triggered': [{ is: 'not-triggered', why: null, ways: [{ text: 'way-in' }], tried: ['tried-it'], detail: false }, 'nothing triggered', 'way-in', 'tried-it'],
  'in-vain': [{ is: 'in-vain', what: 'write', text: 'lost-write', unlock: true }, 'lost-write', 'FLASH_OPTKEYR'],
  serial: [{ is: 'serial', texts: ['over-serial', 'serial-fix'] }, 'over-serial', 'serial-fix'],
  check: [{ is: 'check', check: { ...check, because: 'check-because' }, maybe: false, caller: null }, check.id, 'check-because'],
  fix: [{ is: 'fix', form: 'diff', where: 'main.c, line 9', code: [{ mark: '+', text: 'added_line();' }, { mark: '-', text: 'gone_line();' }], left: ['left-part'], needs: ['needs-header'] }, 'main.c, line 9', '+added_line();', '-gone_line();', 'not in the patch: left-part', 'needs-header'],
  proof: [{ is: 'proof', count: 1, reached: 'dfu', goal: null, rom: 'stand-in ROM (x)', sets: [['primask'], ['msp', 'vtor']], around: false, kept: false }, 'reaches DFU', 'stand-in ROM (x)', 'msp + vtor'],
  unexplained: [{ is: 'unexplained', why: 'vain', tried: ['vtor'], ifElse: option, entered: true }, 'no cause is proved', option.rom, option.other],
  'holds-if': [{ is: 'holds-if', conditions: { bank: 'a-condition', rom: ['one', 'two', 'three'] }, options: [{ ...option, sure: 'sure-of-it', repaired: true }], left: [{ id: 'systick', what: 'SysTick on', at: writer, calls: 'its_driver' }], entered: true }, 'a-condition', 'one, two and ', 'leaves SysTick on (its_driver, called at main.c:42)'],
  leave: [{ is: 'leave', check: { ...check, because: 'left-behind' }, option: { value: 'keeps', confidence: 'assumed' } }, 'left-behind', '"keeps" (assumed)'],
  'kept-options': [{ is: 'kept-options', text: 'option-bytes-stay' }, 'option-bytes-stay'],
  harmless: [{ is: 'harmless', ids: ['systick'], everywhere: true, detail: false }, 'systick', 'documents leave open'],
  board: [{ is: 'board', text: 'control-run' }, 'control-run'],
  chip: [{ is: 'chip', text: 'chip-from-image', because: ['by-its-name'] }, 'chip-from-image', 'by-its-name'],
  console: [{ is: 'console', channel: 'usart1', text: 'said-hello' }, 'usart1', 'said-hello'],
  resets: [{ is: 'resets', resets: [{ at: '0.100000000', by: 'iwdg', flags: [], from: writer }] }, 'iwdg', 'main.c:42'],
  usb: [{ is: 'usb', session: dfuResult().usb.sessions[0]! }, '0483:df11'],
  note: [{ is: 'note', text: 'another-note' }, 'another-note'],
  unwritten: [{ is: 'unwritten', reads: 3 }, '3 reads of RAM'],
  gaps: [{ is: 'gaps', registers: ['ETH.DMAMR'] }, 'ETH.DMAMR'],
  reserved: [{ is: 'reserved', offsets: ['TIM7+0x8'] }, 'TIM7+0x8', 'reads 0'],
  rom: [{ is: 'rom', rom: primaskResult().rom, name: 'the-rom' }, 'the-rom', "not ST's code"],
  run: [{ is: 'run', result: primaskResult() }, primaskResult().chip, 'seed 1'],
  next: [{ is: 'next', steps: [{ to: 'other', text: 'do-this' }, { to: 'other', text: 'or-that' }] }, 'do-this', 'or-that'],
}; // prettier-ignore
const STORY: readonly Fact[] = Object.values(FACTS).map(([fact]) => fact);

const page = (told: readonly Told[]): string =>
  storySection(told).replaceAll('&lt;', '<').replaceAll('&#39;', "'").replaceAll('&quot;', '"');
/** Each surface as its users have it. */
const RENDERED: Readonly<Record<Surface, (told: readonly Told[]) => string>> = {
  screen: (told) => screenOf(told, { width: 100 }, Infinity).join('\n'),
  full: (told) => told.flatMap((t) => linesOf(t, { width: 100 })).join('\n'),
  page,
  playground: (told) => JSON.stringify(explained(told)).replaceAll('\\"', '"'),
  document: (told) => told.flatMap((t) => linesOf(t, { width: Infinity })).join('\n'),
  finding: (told) => told.flatMap((t) => linesOf(t, { width: Infinity })).join('\n'),
  data: (told) => JSON.stringify(explained(told)).replaceAll('\\"', '"'),
};
const flat = (text: string): string => text.replace(/\s+/g, ' ');

describe.each(Object.keys(RENDERED) as Surface[])('On %s', (surface) => {
  const text = flat(RENDERED[surface](toldOn(surface, STORY)));
  it.each(Object.keys(FACTS) as Kind[])('a fact of the kind %s is told, or the table says why not', (kind) => {
    const [, ...words] = FACTS[kind];
    if (LEFT_OUT[surface][kind] === undefined) for (const word of words) expect(text).toContain(word);
    else expect(toldOn(surface, STORY).map((t) => t.is)).not.toContain(kind);
  });
});

it('a reason stands wherever something is left out', () => {
  for (const left of Object.values(LEFT_OUT)) for (const why of Object.values(left)) expect(why.length).toBeGreaterThan(20);
});

const FIXTURES = fileURLToPath(new URL('../../fixtures/', import.meta.url));
const TEN = [
  'h533-seed000-fixed',
  'h533-seed000-as-posted',
  'h533-basepri',
  'f405-own-crash',
  'h533-stuck-pka',
  'l476-leave-vtor',
  'l476-seed004-masked',
  'f405-chain-request-kept',
  'h533-iwdg',
  'f072-leave-remap',
];
/** Options that a sentence tells somebody to type who has nothing to type them into. */
const unsaid = (told: readonly Told[]): string[] =>
  told
    .flatMap(({ label, text, place, more }) => [text, place ?? '', ...more].map((one) => `${label} ${String(one)}`))
    .filter((one) => /(^| )--[a-z]|into a scenario|\[object/.test(one) && !/on the command line|in a terminal|`bootbench /.test(one));
describe('In the playground nobody has a command line', () => {
  const advice = (is: Advice['is']): Said => withAdvice({ is, said: 'it-is-so', lead: ': ', command: 'say --this' });
  const notes = (['chip', 'loader', 'other'] as const).map(advice);
  /** All facts again, with advices, and in the kinds that say something of their own. */
  const MORE: readonly Fact[] = [
    ...notes.flatMap((said): Fact[] => [
      { ...FACTS.condition[0], ...said },
      { ...FACTS.but[0], ...said },
      { ...FACTS['in-vain'][0], ...said },
      { ...FACTS.chip[0], ...said },
      { ...FACTS.note[0], ...said },
      { ...FACTS.wait[0], why: [said] },
      { ...FACTS['not-triggered'][0], why: said, ways: [said] },
      { is: 'verdict', result: { ...primaskResult(), notes: [{ kind: 'polled', ...said }] }, judgement: null },
    ]),
    ...(['instructions', 'wall', 'memory', 'settled', 'deadline', 'semihosting', 'signal'] as const).map((reason): Fact => ({ is: 'ended', ended: { reason, at: '1.0' } })),
    { ...FACTS.symptom[0], symptom: { asked: 'resets', matches: false, options: [{ rom: { primask: 'clears' }, board: {}, outcome: 'dfu', text: 'so' }] } },
    { is: 'check', check: { ...check, id: 'debugger' }, maybe: false, caller: null },
    { is: 'console', channel: 'usart1', text: '1\n2\n3\n4\n5\n6\n' },
    ...storyOf({ ...dfuResult(), outcome: 'no-jump', entries: [], notes: [{ kind: 'not-triggered', text: 'a-way' }] }),
    { is: 'next', steps: [{ to: 'patch', text: 'add --fix > fix.diff' }, { to: 'reports', text: 'add -v, --html' }, { to: 'other', text: 'add --until 9s' }] },
  ]; // prettier-ignore
  it('no sentence tells to type an option, but where it names the command line', () => {
    expect(unsaid(toldOn('playground', [...STORY, ...MORE]))).toEqual([]);
    // and what is looked for is there: on the page of a run, it is right
    expect(unsaid(toldOn('page', [...STORY, ...MORE])).length).toBeGreaterThan(20);
  });
  it('what can be done there is said by the labels of what is to be pressed', () => {
    const but = (is: Advice['is']): string => String(tell({ is: 'but', ...advice(is) }, 'playground').text);
    expect(but('chip')).toBe('It-is-so: choose it under “Chip”, then press “Run”.');
    expect(but('loader')).toContain('drop the image');
    expect(but('other')).toBe('It-is-so: on the command line, say --this.');
    expect(tell(FACTS['holds-if'][0], 'playground').more).toEqual([
      expect.stringContaining(`with “${option.rom} = ${option.other}” under “What if”`),
      expect.stringContaining('on the command line, bootbench explain systick'),
    ]);
  });
  it('the fix is there to load down, and what remains to do is for a terminal', () => {
    const steps = [
      { to: 'patch', text: 'add --fix > fix.diff' },
      { to: 'other', text: 'add --until 9s' },
    ] as const;
    const [next] = toldOn('playground', [{ is: 'next', steps }]);
    expect([next?.label, next?.text, next?.more]).toEqual(['Next, with bootbench run in a terminal:', 'add --until 9s', []]);
    expect(toldOn('playground', [{ is: 'next', steps: steps.slice(0, 1) }])).toEqual([]);
  });
});
it.each(['screen', 'full', 'page', 'document'] as const)('on %s an option is named as it is typed', (surface) => {
  expect(String(tell(FACTS.ended[0], surface).text)).toContain('--wall was reached');
  expect(String(tell(FACTS.unexplained[0], surface).more[0])).toContain(`With --rom-option ${option.rom}=${option.other} `);
});

describe.each(TEN)('%s', (name) => {
  it('tells the same facts on the terminal, on the page, in JUnit, in findings and to programs', async () => {
    const result = await inThread(await loadJob([], { scenario: `${FIXTURES}${name}/scenario.json` }, FIXTURES), {});
    const sources = sourcesOf({ images: [`${name}/firmware.elf`], folder: FIXTURES, io: { cwd: FIXTURES, env: {} } });
    const story = storyOf(result, { sources });
    expect(story.map((f) => f.is)).toContain('run');
    const findings = findingsOf('scenario.json', result, ['it fails'], sources);
    const reports: Readonly<Record<Surface, string>> = {
      screen: shortReport(result, { sources, width: 120 }),
      full: terminalReport(result, { sources, width: 120 }),
      page: unescaped(htmlReport(result, { sources })),
      playground: shownFacts(result, sources)
        .map((f) => JSON.stringify([f.label, f.text, f.place, f.more, f.code]).replaceAll('\\"', '"').replaceAll('\\n', ' '))
        .join(' '),
      document: unescaped(
        junit([{ name: 'x', className: 'x', seconds: 1, failure: { message: 'x', text: documentReport(result, { sources }) } }]),
      ),
      finding: findings.map((f) => f.message).join('\n'),
      data: JSON.stringify(explain(result, { sources }).map((f) => [f.text, ...f.details]))
        .replaceAll('\\"', '"')
        .replaceAll('\\n', ' '),
    };
    for (const surface of Object.keys(reports) as Surface[]) {
      const shown = squeezed(reports[surface]);
      // a first screen may fold what stands behind the fix
      const told = toldOn(surface, story).filter(
        (t) => surface !== 'screen' || ['verdict', 'cause', 'fault', 'wait', 'proof', 'next'].includes(t.is),
      );
      for (const t of told) expect(shown, `${surface} tells ${t.is}`).toContain(squeezed(String(t.text)));
    }
    expect(unsaid(toldOn('playground', story))).toEqual([]);
    for (const ci of [sarif(findings, '1'), codeQuality(findings), githubAnnotations(findings)])
      for (const f of findings) expect(ci).toContain(f.rule);
    expect(stepSummary([{ path: 'x', state: 'fail', seconds: 1, failures: ['it fails'] }], findings)).toContain('it fails');
  });
});
const squeezed = (text: string): string => text.replace(/\s+/g, '');
const unescaped = (text: string): string =>
  text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&amp;', '&');
it('facts keep their order: what happened, the cause, the fix, the proof, the conditions, what else, what next', () => {
  const order = storyOf(primaskResult(), { sources: () => null }).map((f) => f.is);
  const wanted: Kind[] = ['verdict', 'cause', 'fix', 'proof', 'holds-if', 'rom', 'run', 'next'];
  expect(order.filter((kind) => wanted.includes(kind))).toEqual(wanted);
  expect(tell(FACTS.next[0], 'full').label).toBe('Next');
});

it('only where lines are few, conditions are counted in place of named', () => {
  const holds = FACTS['holds-if'][0];
  expect(String(tell(holds, 'screen').text)).toMatch(/one, two and 1 more \(see -v\); the firmware leaves SysTick on/);
  for (const surface of ['full', 'page', 'document', 'data'] as const)
    expect(String(tell(holds, surface).text)).toMatch(/one, two and three; the firmware/);
});
it('the page of a run does not say how to get that page', () => {
  const steps = [{ to: 'reports', text: 'add --html' } as const];
  expect(toldOn('page', [{ is: 'next', steps }])).toEqual([]);
  expect(toldOn('screen', [{ is: 'next', steps }]).map(({ text }) => text)).toEqual(['add --html']);
});

it('a finding stands at the line that mends it where the one that did it lies outside of the repository', async () => {
  const result = await inThread(await loadJob([], { scenario: `${FIXTURES}h533-magic-bss/scenario.json` }, FIXTURES), {});
  const own = sourcesOf({ images: ['h533-magic-bss/firmware.elf'], folder: FIXTURES, io: { cwd: FIXTURES, env: {} } });
  const [cause] = result.diagnosis.causes;
  const outside = Object.assign((file: string) => (file === cause!.lastWriter!.file ? null : own(file)), own);
  const [finding] = findingsOf('scenario.json', result, ['it fails'], outside);
  expect(finding!.file).toMatch(/main\.c$/);
  expect(own(finding!.file.replace(/^.*\//, ''))?.lines[finding!.line - 1]).toContain('dfu_request');
});

it('a fix that is no code is not told as C at the jump', () => {
  const ofBoard = '/* on the board: pull up PA3 */';
  const result = primaskResult();
  const fixes = (fix: string): readonly Told['text'][] => {
    const diagnosis = { ...result.diagnosis, causes: result.diagnosis.causes.map((c) => ({ ...c, fix })) };
    return storyOf({ ...result, diagnosis }, { sources: NO_SOURCES }).flatMap((fact) =>
      fact.is === 'fix' ? [tell(fact, 'screen').text] : [],
    );
  };
  expect(fixes(ofBoard)).toEqual(['no line of C does it:']);
  expect(fixes(`${ofBoard}\n__enable_irq();`)).toEqual([expect.stringMatching(/^in C, at the jump/)]);
});

it('what a patch needs beside it is not told as left out of it', () => {
  const needs = ['main.c includes no header that defines SCB'];
  const { more } = tell({ is: 'fix', form: 'diff', where: 'main.c, line 9', code: [], left: [], needs }, 'page');
  expect(more).toEqual(needs);
});
