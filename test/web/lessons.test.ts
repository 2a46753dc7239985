/** Each lesson is walked through the worker's interface: right answers are right, each wrong one is refused, and the machine decides which is which. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { LessonBench } from '../../web/lessons/bench.ts';
import { blamedLine, judgeChoice, judgeEdit, judgeFlip, judgeLine, linesOf, switchesOf, trueChoice } from '../../web/lessons/judge.ts';
import { FIRMWARE, LESSONS, shownFirmware } from '../../web/lessons/lessons.ts';
import { changesSince, type Shown } from '../../web/lessons/changes.ts';
import { dealt } from '../../web/lessons/order.ts';
import { linkTo, placeOf } from '../../web/lessons/place.ts';
import { marked, readAnswers, readProgress, stepKey, writeAnswers, writeProgress } from '../../web/lessons/progress.ts';
import { readable } from '../../web/lessons/source.ts';
import type { EditStep, Evidence, FindStep, FlipStep, LookStep, PredictStep, Step } from '../../web/lessons/types.ts';
import { tells, waitsFor, type Numbered, type Run } from '../../web/lessons/secrets.ts';
import { wordsIn } from '../../web/lessons/words.ts';
import { expectSection } from '../docs/sections.ts';
import { lessonBench } from './lesson-bench.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const FORUM_CASES = readdirSync(join(root, 'docs', 'cases')).map((f) => f.replace('.md', ''));
let bench: LessonBench;
let end: () => void = () => undefined;
beforeAll(async () => {
  ({ bench, end } = await lessonBench());
});
afterAll(() => end());

async function look({ ask, shows }: LookStep): Promise<void> {
  const rows = shows(await bench.evidence(ask));
  expect(rows.length).toBeGreaterThan(1);
  for (const [what, value] of rows) expect([what, value]).not.toContain('');
}
async function predict(step: PredictStep): Promise<void> {
  const evidence = await bench.evidence(step.ask);
  const holding = step.choices.filter((c) => c.holds(evidence)).map((c) => c.text);
  expect(holding, 'choices that the bench makes true').toHaveLength(1);
  const truth = trueChoice(step, evidence)!;
  step.choices.forEach(({ hint }, i) => {
    const { right, says } = judgeChoice(step, evidence, i);
    expect([i, right]).toEqual([i, i === truth]);
    if (!right) expect(says).toBe(hint);
  });
  for (const [what, value] of step.shows(evidence)) expect([what, value]).not.toContain('not judged');
}
async function find(step: FindStep): Promise<void> {
  const blamed = blamedLine((await bench.run(step.firmware)).result)!;
  const lines = await linesOf(bench, step.firmware);
  const judged = await Promise.all(lines.map(async (line) => ({ line, ...(await judgeLine(bench, step, line)) })));
  expect(judged.filter((j) => j.right).map((j) => j.line.number)).toEqual([blamed.line]);
  for (const { says } of judged) expect(says).not.toBe('');
  // each hint is about a line that can be clicked, and is wrong
  for (const part of Object.keys(step.hints))
    expect(judged.filter((j) => !j.right && j.line.text.includes(part)).length, part).toBeGreaterThan(0);
}
async function flip(step: FlipStep): Promise<void> {
  const switches = await switchesOf(bench, step);
  const { flips } = (await bench.entry(step.firmware))!;
  const judged = await Promise.all(switches.map(async ({ id }) => ({ id, ...(await judgeFlip(bench, step, id)) })));
  const helps = judged.filter((j) => j.right).map((j) => j.id);
  expect(helps).toHaveLength(1);
  expect(Object.keys(step.hints).filter((id) => helps.includes(id) || !flips.some((f) => f.id === id))).toEqual([]);
  // it is what the bench itself names as the cause
  const { result } = await bench.run(step.firmware);
  expect(result.diagnosis.causes[0]!.id).toBe(helps[0]);
  // nobody finds it by its place, and what stands so already is told to be so
  expect(switches.map((s) => s.text.toLowerCase())).toEqual(switches.map((s) => s.text.toLowerCase()).sort());
  for (const { id, says } of judged) {
    const wanted = id !== 'primask';
    expect([id, says.includes('is so already')]).toEqual([id, flips.find((f) => f.id === id)!.on === wanted]);
  }
}
async function edit(step: EditStep): Promise<void> {
  const judged = await Promise.all(step.edits.map((_, i) => judgeEdit(bench, step, i)));
  const right = judged.filter((j) => j.right).length;
  expect([right > 0, right < step.edits.length]).toEqual([true, true]);
  expect(step.reached((await bench.run(step.firmware)).result), 'as it was posted').toBe(false);
  for (const [i, { text, hint }] of step.edits.entries()) if (!judged[i]!.right) expect(judged[i]!.says, text).toContain(hint);
}
function walk(step: Step): Promise<void> {
  switch (step.kind) {
    case 'look':
      return look(step);
    case 'predict':
      return predict(step);
    case 'find':
      return find(step);
    case 'flip':
      return flip(step);
    case 'edit':
      return edit(step);
  }
}

describe.each(LESSONS)('$id', ({ steps }) => {
  it.each(steps.map((step, i) => [i + 1, step] as const))('step %i', (_, step) => walk(step), 60_000);
  it('ends with a hidden test on another chip', () => {
    const lineOf = async (step: Step): Promise<string> => (await bench.firmware(shownFirmware(step))).chip.slice(0, 9);
    return Promise.all(steps.map(lineOf)).then((lines) => {
      expect(steps.flatMap((s, i) => (s.kind === 'predict' && s.hidden ? [i] : []))).toEqual([steps.length - 1]);
      expect(lines.slice(0, -1)).not.toContain(lines.at(-1));
    });
  });
});

/** What a step lets a student choose from. */
async function optionTexts(step: Step): Promise<string[]> {
  if (step.kind === 'flip') return (await switchesOf(bench, step)).map((s) => s.text);
  return step.kind === 'predict' ? step.choices.map((c) => c.text) : step.kind === 'edit' ? step.edits.map((e) => e.text) : [];
}
const hintsOf = (step: Step): string[] =>
  step.kind === 'predict'
    ? step.choices.map((c) => c.hint)
    : step.kind === 'edit'
      ? step.edits.map((e) => e.hint)
      : step.kind === 'look'
        ? []
        : Object.values(step.hints);

/** What answers a step, as a text would have it, and as a picture would. */
async function answersOf(step: Step): Promise<{ readonly inText: RegExp[]; readonly inPicture: RegExp[] }> {
  const literal = (text: string): RegExp => new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  switch (step.kind) {
    case 'look':
      return { inText: [], inPicture: [] };
    case 'predict': {
      const { text } = step.choices[trueChoice(step, await bench.evidence(step.ask))!]!;
      // a short one, such as “Yes”, stands everywhere
      return { inText: text.length > 30 ? [literal(text)] : [], inPicture: [] };
    }
    case 'find': {
      const { file, line } = blamedLine((await bench.run(step.firmware)).result)!;
      const code = (await linesOf(bench, step.firmware)).find((l) => l.number === line)!.text.trim();
      const place = new RegExp(`\\b${file!.split('/').at(-1)!}:${line}\\b`);
      return { inText: [new RegExp(`\\blines? ${line}\\b`), literal(code)], inPicture: [place] };
    }
    case 'flip': {
      const { id } = (await bench.run(step.firmware)).result.diagnosis.causes[0]!;
      return { inText: [new RegExp(`^${id}: fail`)], inPicture: [new RegExp(`data-wire="${id}" data-state="broken"`)] };
    }
    case 'edit': {
      const judged = await Promise.all(step.edits.map((_, i) => judgeEdit(bench, step, i)));
      const right = step.edits.filter((_, i) => judged[i]!.right);
      // the cause of the run in words, and the fix of it
      const { diagnosis } = (await bench.run(step.firmware)).result;
      const lines = diagnosis.causes.flatMap(({ lastWriter: w }) => (w?.file == null ? [] : [`${w.file.split('/').at(-1)!}:${w.line}`]));
      return { inText: right.map((e) => literal(e.text)), inPicture: lines.map((l) => new RegExp(`\\b${l}\\b`)) };
    }
  }
}
/** The runs whose picture a step may show, with whether the step is answered then. */
async function picturesOf(step: Step): Promise<{ readonly run: Run; readonly answered: boolean }[]> {
  const runs: { run: Run; answered: boolean }[] = [];
  const add = async (firmware: string, answered: boolean): Promise<void> => {
    runs.push({ run: { firmware, picture: (await bench.run(firmware)).handOver }, answered });
  };
  if (step.kind === 'predict' && step.ask.stops === undefined && step.ask.read === undefined) await add(step.ask.firmware, true);
  if (step.kind === 'edit') for (const [i, e] of step.edits.entries()) await add(e.firmware, (await judgeEdit(bench, step, i)).right);
  return runs;
}

describe('what a step shows', () => {
  it.each(LESSONS)(
    'is no answer of another step that is open: $id',
    async ({ steps }) => {
      const numbered = steps.map((step, i): Numbered => [i + 1, step]);
      const answers = await Promise.all(steps.map(answersOf));
      for (const [at, step] of numbered) {
        const evidence = step.kind === 'look' || step.kind === 'predict' ? await bench.evidence(step.ask) : null;
        const rows = evidence !== null && 'shows' in step ? step.shows(evidence).map((row) => row.join(': ')) : [];
        const said = [...step.text, ...hintsOf(step), ...rows, step.rule];
        const options = await optionTexts(step);
        for (const [later, { kind }] of numbered.slice(at))
          for (const answer of answers[later - 1]!.inText) {
            // what one question lets choose from may be asked again
            const texts = kind === 'predict' ? said : [...said, ...options];
            expect([at, later, texts.filter((text) => answer.test(text))]).toEqual([at, later, []]);
          }
        for (const { run, answered } of await picturesOf(step)) {
          const open = numbered.slice(answered ? at : at - 1);
          if ((await waitsFor(bench, run, open)).length > 0) continue;
          const found = open.filter(([n]) => answers[n - 1]!.inPicture.some((answer) => answer.test(run.picture.file)));
          expect([at, found.map(([n]) => n)]).toEqual([at, []]);
        }
      }
    },
    60_000,
  );
  it('is the picture, at the latest when all is answered, and before that where it tells nothing', async () => {
    let early = 0;
    let waiting = 0;
    for (const { steps } of LESSONS) {
      const numbered = steps.map((step, i): Numbered => [i + 1, step]);
      for (const [at, step] of numbered)
        for (const { run, answered } of await picturesOf(step)) {
          expect(await waitsFor(bench, run, [])).toEqual([]);
          const waits = (await waitsFor(bench, run, numbered.slice(answered ? at : at - 1))).length > 0;
          if (waits) waiting++;
          else early++;
        }
    }
    expect([early > 10, waiting > 10]).toEqual([true, true]);
  }, 60_000);
  it('is no picture with the register, the line or the program of an open repair', async () => {
    const { steps } = LESSONS.find(({ id }) => id === 'seed-000')!;
    const run = { firmware: 'h533-seed000-as-posted', picture: (await bench.run('h533-seed000-as-posted')).handOver };
    const told = await Promise.all(steps.map((step) => tells(bench, run, step)));
    expect(steps.filter((_, i) => told[i]).map((s) => s.kind)).toEqual(['predict', 'flip', 'find']);
  });
});

describe('the truth', () => {
  const predictions = LESSONS.flatMap(({ id, steps }) =>
    steps.flatMap((s, i) => (s.kind === 'predict' ? [[`${id} ${i + 1}`, s] as const] : [])),
  );
  it('is another one where the bench finds something else', async () => {
    const pool: Evidence[] = [];
    for (const [, { ask }] of predictions) pool.push(await bench.evidence(ask));
    const fixed = predictions.filter(([, step], i) => {
      const own = trueChoice(step, pool[i]!);
      return pool.every((e) => (e.view === null) !== (pool[i]!.view === null) || trueChoice(step, e) === own);
    });
    expect(fixed.map(([name]) => name)).toEqual([]);
  }, 60_000);
  it('is nothing before the bench has run', () => {
    const nothing: Evidence = { chip: '', result: null, picture: null, view: null, values: {} };
    for (const [name, step] of predictions) expect([name, trueChoice(step, nothing)]).toEqual([name, null]);
  });
  it('is no line in firmware that works', async () => {
    const [step] = LESSONS.flatMap(({ steps }) => steps).filter(
      (s): s is FindStep => s.kind === 'find' && s.firmware === 'h533-seed000-as-posted',
    );
    const repaired = { ...step!, firmware: 'h533-seed000-fixed' };
    const judged = await Promise.all((await linesOf(bench, repaired.firmware)).map((line) => judgeLine(bench, repaired, line)));
    expect(judged.filter((j) => j.right)).toEqual([]);
  });
});

describe('the course', () => {
  it('is thirteen lessons in 80 minutes, all kinds of steps, two to five choices', () => {
    expect(LESSONS).toHaveLength(13);
    expect(new Set(LESSONS.map((l) => l.id)).size).toBe(13);
    expect(LESSONS.reduce((sum, l) => sum + l.minutes, 0)).toBe(80);
    const steps = LESSONS.flatMap((l) => l.steps);
    expect(new Set(steps.map((s) => s.kind))).toEqual(new Set(['look', 'predict', 'find', 'flip', 'edit']));
    const counts = steps.flatMap((s) => (s.kind === 'predict' ? [s.choices.length] : s.kind === 'edit' ? [s.edits.length] : []));
    expect([Math.min(...counts), Math.max(...counts)]).toEqual([2, 4]);
    // no lesson asks nothing
    for (const { id, steps: own } of LESSONS) expect([id, own.filter((s) => s.kind !== 'look').length > 3]).toEqual([id, true]);
  });
  it('has a lesson for each forum case, and the case links it', () => {
    expect(LESSONS.flatMap((l) => l.forumCase ?? []).sort()).toEqual(FORUM_CASES);
    for (const { id, forumCase } of LESSONS)
      if (forumCase !== undefined) expect(readFileSync(join(root, 'docs', 'cases', `${forumCase}.md`), 'utf8')).toContain(`/#lesson=${id}`);
  });
  it('hides the right answer in the order: of the questions with as many answers, no place holds more than half', async () => {
    const places = new Map<number, number[]>();
    for (const { id, steps } of LESSONS)
      for (const [i, step] of steps.entries()) {
        if (step.kind !== 'predict') continue;
        const truth = step.choices[trueChoice(step, await bench.evidence(step.ask))!]!;
        const shown = dealt(step.choices, stepKey(id, i + 1));
        expect([...shown].sort(byText)).toEqual([...step.choices].sort(byText));
        places.set(shown.length, [...(places.get(shown.length) ?? []), shown.indexOf(truth)]);
      }
    for (const [n, all] of places)
      for (let place = 0; place < n; place++) {
        const share = all.filter((p) => p === place).length;
        // half of an odd number is rounded up; one question alone has its answer somewhere
        expect([n, place, share <= Math.ceil(all.length / 2)]).toEqual([n, place, true]);
      }
    expect(dealt(['a', 'b', 'c', 'd'], 'seed-000/3')).toEqual(dealt(['a', 'b', 'c', 'd'], 'seed-000/3'));
  });
  it('shows lines of other files as they stand there', () => {
    const excerpts = LESSONS.flatMap(({ steps }) => steps.flatMap((s) => s.also ?? []));
    expect(excerpts.length).toBeGreaterThan(0);
    for (const { file, lines } of excerpts) {
      const there = readFileSync(join(root, 'fixtures', file), 'utf8')
        .split('\n')
        .map((l) => l.replace(/\\$/, '').trim());
      for (const line of lines) expect([file, line, there.includes(line.trim())]).toEqual([file, line, true]);
    }
  });
  it('asks for no repair that another lesson has asked for', () => {
    const repairs = LESSONS.flatMap(({ steps }) => steps.flatMap((s) => (s.kind === 'edit' || s.kind === 'flip' ? [s.firmware] : [])));
    expect(repairs.filter((firmware, i) => repairs.indexOf(firmware) !== i)).toEqual([]);
  });
  it('does not print the fix before the step that asks for it', () => {
    for (const { id, steps } of LESSONS)
      for (const [i, step] of steps.entries()) {
        const asks = steps.slice(i + 1).some((s) => s.kind === 'flip' || s.kind === 'edit');
        // a fix is told as a line of C
        if (asks) expect([id, i + 1, /(__enable_irq\(\)|\|?= ?[^.]+);|\(\*\(\(/.exec(step.rule)?.[0]]).toEqual([id, i + 1, undefined]);
      }
  });
  it('shows no comment of a fixture: they name the fault', async () => {
    for (const name of FIRMWARE) {
      const text = (await linesOf(bench, name)).map((l) => l.text).join('\n');
      expect([name, /\/\*|\/\/|FAULT_|#\s*(if|elif|else|endif)/.exec(text)?.[0]]).toEqual([name, undefined]);
    }
  });
});

describe('source as a student sees it', () => {
  const text = [
    '/* told',
    ' * here */',
    '#ifdef A',
    'a(); // why',
    '#elif defined(B)',
    'b();',
    '#else',
    'c();',
    '#endif',
    '#if !defined(A) && !defined(B)',
    'd(); /* x */ e();',
    '#endif',
  ].join('\n');
  it.each([
    [['A'], ['4 a();']],
    [['B=1'], ['6 b();']],
    [[], ['8 c();', '11 d();   e();']],
  ])('with %j', (defines, lines) => {
    expect(readable(text, defines).map((l) => `${l.number} ${l.text.replace(/ +/g, (s) => (s.length > 3 ? '   ' : s))}`)).toEqual(lines);
  });
  it('leaves out a branch inside of one that is left out', () => {
    expect(readable('#ifdef A\n#ifndef B\nx\n#else\ny\n#endif\n#endif\nz', []).map((l) => l.text)).toEqual(['z']);
  });
});

describe('what is another one than in the step before', () => {
  const shown = (firmware: string, lines: readonly string[], chip = 'stm32f072rb'): Shown => ({
    firmware,
    chip,
    file: 'main.c',
    lines: lines.map((text, i) => ({ number: i + 1, text })),
  });
  const PROGRAM = ['int main(void) {', '  irq_off();', '  clocks();', '  tick();', '  jump();', '}'];
  const masked = shown('masked', PROGRAM);
  const told = (now: Shown): readonly [string, readonly number[]] => {
    const { text, fresh } = changesSince(masked, now);
    return [text, [...fresh]];
  };
  it('is nothing at the first step, and with the same firmware', () => {
    expect([changesSince(null, masked).text, changesSince(masked, masked).text]).toEqual(['', '']);
  });
  it('is the run, the chip, some lines, or all', () => {
    expect(told(shown('masked/other', PROGRAM))).toEqual([
      'The same program as in the step before. Something else of the run is different: the text says what.',
      [],
    ]);
    expect(told(shown('other', ['int main(void) {', '  irq_on();', '  irq_on();', '  tick();', '  jump();', '}']))).toEqual([
      'Another program than in the step before.',
      [],
    ]);
    expect(told(shown('fixed', [PROGRAM[0]!, '  wait();', ...PROGRAM.slice(2)]))).toEqual([
      'Nearly the program of the step before: new is line 2; gone is “irq_off();”.',
      [2],
    ]);
    expect(told(shown('other', ['x();', 'y();'], 'stm32f405rg'))[0]).toBe(
      'Another program than in the step before. The chip is an STM32F405RG; before it was an STM32F072RB.',
    );
    expect(told(shown('shorter', PROGRAM.slice(2)))[0]).toBe('Another program than in the step before.');
  });
  it('is another program for another chip, however many lines they share', () => {
    expect(told(shown('other', [...PROGRAM, 'extra();'], 'stm32f405rg'))[0]).toMatch(/^Another program than in the step before\. The chip/);
  });
  it('is told wherever a step of the course runs another firmware', async () => {
    const at = async (step: Step): Promise<Shown> => {
      const firmware = shownFirmware(step);
      const { chip, main } = await bench.firmware(firmware);
      return { firmware, chip, file: main, lines: await linesOf(bench, firmware) };
    };
    for (const { id, steps } of LESSONS)
      for (const [i, step] of steps.entries()) {
        if (i === 0) continue;
        const [before, now] = await Promise.all([at(steps[i - 1]!), at(step)]);
        expect([id, i + 1, changesSince(before, now).text === '']).toEqual([id, i + 1, before.firmware === now.firmware]);
      }
  });
});

describe('words that a text uses', () => {
  it('are told where a text uses them', () => {
    expect(wordsIn(['The stand-in ROM does it (inferred).', 'assumed']).map(([word]) => word)).toEqual(['stand-in', 'inferred', 'assumed']);
    expect(wordsIn(['Measures and reports.'])).toEqual([]);
    expect(wordsIn(['set DBP', 'warn: HSE is off, SFTRSTF', 'into the DTCM']).map(([word]) => word)).toEqual([
      'warn',
      'SFTRSTF',
      'HSE',
      'DBP',
      'DTCM',
    ]);
  });
  it('are those of wrong answers and of hints, too', async () => {
    // the short names that a student knows who has flashed a board once; a name with an underscore is one of the firmware
    const known = /^(USB|DFU|RAM|ROM|PC|ST|LED|CPU|C|M4|M7|ADC|GPIO|UART|U?S?ART\d?|STM32\w+|[A-F\d]+u?|PR|RLR)$/;
    for (const { id, steps } of LESSONS)
      for (const [i, step] of steps.entries()) {
        const said = [...(await optionTexts(step)), ...hintsOf(step)];
        const names = said.flatMap((text) => text.match(/(?<![\w>.])[A-Z][A-Z\d]+(?![\w(])/g) ?? []);
        expect([id, i + 1, names.filter((name) => !known.test(name) && wordsIn([name]).length === 0)]).toEqual([id, i + 1, []]);
      }
  });
  it('for evidence mean what docs/concepts.md says', () => {
    const concepts = readFileSync(join(root, 'docs', 'concepts.md'), 'utf8');
    const rows = [...concepts.matchAll(/^\| (documented|measured|reported|inferred|fitted|assumed) \| (.*) \|$/gm)].map(
      ([, word, text]) => [word, text],
    );
    expect(rows).toHaveLength(6);
    expect(wordsIn(rows.map(([word]) => word!))).toEqual(rows);
  });
});

describe('links', () => {
  it('lead to a step, to the list, or to the playground', () => {
    expect(placeOf(linkTo('seed-000', 3))).toEqual({ lesson: 'seed-000', step: 3 });
    expect(placeOf('#lessons')).toEqual({ lesson: '', step: 1 });
    expect(placeOf('#lesson=x&step=-1')).toEqual({ lesson: 'x', step: 1 });
    expect([placeOf(''), placeOf('#example=h533-straight')]).toEqual([null, null]);
  });
});

describe('progress', () => {
  afterEach(() => vi.unstubAllGlobals());
  it('keeps the first mark of a step', () => {
    const key = stepKey('a', 1);
    const once = marked({}, key, 'later');
    expect([once, marked(once, key, 'first')]).toEqual([{ 'a/1': 'later' }, { 'a/1': 'later' }]);
  });
  it('is stored, and what is no mark is left out', () => {
    const items = new Map<string, string>();
    vi.stubGlobal('localStorage', { getItem: (k: string) => items.get(k) ?? null, setItem: (k: string, v: string) => items.set(k, v) });
    writeProgress({ 'a/1': 'first' });
    expect(readProgress()).toEqual({ 'a/1': 'first' });
    for (const bad of ['{', 'null', '7', '{"a/1":"x"}']) {
      items.set([...items.keys()][0]!, bad);
      expect(readProgress()).toEqual({});
    }
  });
  it('keeps answers, and leaves out what are none', () => {
    const items = new Map<string, string>();
    vi.stubGlobal('localStorage', { getItem: (k: string) => items.get(k) ?? null, setItem: (k: string, v: string) => items.set(k, v) });
    writeAnswers({ 'a/1': ['0', '2'] });
    expect([readAnswers(), readProgress()]).toEqual([{ 'a/1': ['0', '2'] }, {}]);
    items.set([...items.keys()][0]!, '{"a/1":["1"],"a/2":"first","a/3":[1]}');
    expect(readAnswers()).toEqual({ 'a/1': ['1'] });
  });
  it('is empty where storage is forbidden', () => {
    const no = (): never => {
      throw new Error('SecurityError');
    };
    vi.stubGlobal('localStorage', { getItem: no, setItem: no });
    expect(() => writeProgress({ 'a/1': 'first' })).not.toThrow();
    expect(readProgress()).toEqual({});
  });
});

describe('docs/class.md', () => {
  const BLOCKS: Readonly<Record<string, string>> = {
    'vector-table': 'The start of a core',
    'seed-004': 'Faults',
    clocks: 'Surroundings',
    leave: 'The way back',
  };
  const clock = (minutes: number): string => `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')}`;
  const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('*', '\\*').trim();
  it('has the order and the timings of the lessons', () => {
    let at = INTRODUCTION;
    const rows = LESSONS.map(({ id, title, minutes, about }, i) => {
      const row = `| ${clock(at)} | ${BLOCKS[id] ?? ''} | ${i + 1} | ${cell(title)} | ${minutes} | ${cell(about)} |`;
      at += minutes;
      return row;
    });
    const head = [
      '| at | block | lesson | | min | |',
      '| --- | --- | --- | --- | --- | --- |',
      `| 0:00 | | | Introduction | ${INTRODUCTION} | |`,
    ];
    expect(at + INTRODUCTION).toBe(90);
    expectSection(
      'class.md',
      'order',
      [...head, ...rows, `| ${clock(at)} | | | What would you look at first? | ${90 - at} | |`].join('\n'),
    );
  });
  it('has the answers that the bench gives', async () => {
    const parts: string[] = [];
    for (const [i, { title, steps }] of LESSONS.entries()) {
      const rows: string[] = [];
      for (const [k, step] of steps.entries()) {
        const answer = await answerOf(step);
        if (answer !== '') rows.push(`| ${k + 1} | ${cell(step.kind === 'look' ? step.title : step.question)} | ${cell(answer)} |`);
      }
      parts.push(`### ${i + 1}. ${title}`, '', '| step | question | answer |', '| --- | --- | --- |', ...rows, '');
    }
    expectSection('class.md', 'answers', parts.join('\n'));
  }, 60_000);
});
const byText = (a: { readonly text: string }, b: { readonly text: string }): number => (a.text < b.text ? -1 : 1);
const INTRODUCTION = 5;
/** What is right, by the bench; empty where nothing is asked. */
async function answerOf(step: Step): Promise<string> {
  switch (step.kind) {
    case 'look':
      return '';
    case 'predict':
      return step.choices[trueChoice(step, await bench.evidence(step.ask))!]!.text;
    case 'find': {
      const line = blamedLine((await bench.run(step.firmware)).result)!.line!;
      return `line ${line}: \`${(await linesOf(bench, step.firmware)).find((l) => l.number === line)!.text.trim()}\``;
    }
    case 'flip': {
      const switches = await switchesOf(bench, step);
      const helps = await Promise.all(switches.map(async ({ id }) => (await judgeFlip(bench, step, id)).right));
      return switches.flatMap(({ text }, i) => (helps[i] ? [text] : [])).join('; ');
    }
    case 'edit': {
      const helps = await Promise.all(step.edits.map(async (_, i) => (await judgeEdit(bench, step, i)).right));
      return step.edits.flatMap(({ text }, i) => (helps[i] ? [text] : [])).join('; or: ');
    }
  }
}
