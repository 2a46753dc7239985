/**
 * What the user saw against what the run shows. When they differ, ROM options and board changes are searched for that do show it: single
 * changes first, pairs only if no single one does. What a run never acted on cannot change it and is not tried.
 */
import type { Attempt } from './attempt.ts';
import type { SymptomAnswer } from './document.ts';
import type { Symptom, SymptomOption } from './result.ts';
import { isDocumented, optionSettings, otherValues } from './rom-options.ts';
import type { RomOptionSetting } from '../rom/options.ts';
import type { Session } from './session.ts';
import type { Change, Variants } from './variants.ts';

/** Runs at most: the search has to end where nothing shows the symptom. */
const MOST_RUNS = 60;

/** Whether a run looks to its user like the symptom. */
export function shows(symptom: Symptom, run: Pick<Attempt, 'outcome' | 'ownResets' | 'foreignDevice'>): boolean {
  const { outcome } = run;
  switch (symptom) {
    // the application is there again: after a reset, or because the ROM gave up
    case 'resets':
      return outcome === 'reset-loop' || outcome === 'back-in-app' || (outcome === 'no-jump' && run.ownResets > 0);
    case 'nothing':
      return outcome === 'rom-silent' || outcome === 'no-jump' || outcome === 'stuck' || outcome === 'fault';
    case 'hang':
      return outcome === 'fault' || outcome === 'stuck' || outcome === 'rom-silent';
    case 'wrong-device':
      return run.foreignDevice;
  }
}

/** A change with what a person calls it. */
interface Idea extends Change {
  readonly board: SymptomOption['board'];
  readonly text: string;
}

function romIdea(o: RomOptionSetting, value: string): Idea {
  const against = isDocumented(o) ? ', against its documentation' : '';
  return { rom: { [o.id]: value }, board: {}, text: `the ROM's ${o.id} is "${value}"${against} (here "${o.value}", ${o.confidence})` };
}
const romIdeas = (options: readonly RomOptionSetting[]): Idea[] => options.flatMap((o) => otherValues(o).map((value) => romIdea(o, value)));

/** Crystals, RX pins that the ROM listens on, watchdogs that the option bytes start. */
function boardIdeas(s: Session): Idea[] {
  const ideas: Idea[] = [];
  const { chip } = s.machine;
  for (const crystal of ['hse', 'lse']) {
    const name = `${crystal}.hz`;
    if (s.machine.system.parameter(name))
      ideas.push({
        rom: {},
        board: { [crystal]: null },
        parameters: { [name]: null },
        text: `the board has no ${crystal.toUpperCase()} crystal`,
      });
  }
  for (const i of s.profile?.interfaces.value ?? []) {
    const { rx } = i.pins;
    if (rx !== undefined && i.detection !== 'none')
      ideas.push({ rom: {}, board: { [rx]: 0 }, pins: { [rx]: 0 }, text: `${rx} (${i.name} RX) is held low` });
  }
  for (const name of ['IWDG_SW', 'WWDG_SW']) {
    const row = chip.optionBytes?.[name];
    const now = s.machine.system.parameter(`option.${name}`) ?? row?.factory.value;
    if (now === 1)
      ideas.push({
        rom: {},
        board: { [`option byte ${name}`]: 0 },
        parameters: { [`option.${name}`]: 0 },
        text: `the option byte ${name} is 0, so that the ${name.slice(0, 4)} runs from reset on`,
      });
  }
  return ideas;
}

function both(a: Idea, b: Idea): Idea {
  return {
    rom: { ...a.rom, ...b.rom },
    board: { ...a.board, ...b.board },
    text: `${a.text} and ${b.text}`,
    ...(a.parameters || b.parameters ? { parameters: { ...a.parameters, ...b.parameters } } : {}),
    ...(a.pins || b.pins ? { pins: { ...a.pins, ...b.pins } } : {}),
  };
}
const settingsOf = (i: Idea): string[] => [
  ...Object.entries(i.rom).map(([k, v]) => `${k}=${v}`),
  ...Object.entries(i.board).map(([k, v]) => `${k}: ${v ?? 'none'}`),
];
const keyOf = (i: Idea): string => settingsOf(i).sort().join();

export function answerSymptom(s: Session, asked: Symptom, base: Attempt, variants: Variants): SymptomAnswer {
  const matches = shows(asked, base);
  if (matches) return { asked, matches, options: [], notes: [] };
  const options: SymptomOption[] = [];
  const fruitless: { idea: Idea; run: Attempt }[] = [];
  const tried = new Set<string>();
  const enough = (): boolean => tried.size >= MOST_RUNS;
  const ask = (idea: Idea): void => {
    const key = keyOf(idea);
    if (enough() || tried.has(key)) return;
    tried.add(key);
    s.input.progress?.(`looking for what shows "${asked}": ${settingsOf(idea).join(' + ')}`);
    const run = variants.run(idea);
    if (shows(asked, run)) options.push({ rom: idea.rom, board: idea.board, outcome: run.outcome, text: `if ${idea.text}` });
    else fruitless.push({ idea, run });
  };

  [...romIdeas(base.actedOn), ...boardIdeas(s)].forEach(ask);
  if (options.length === 0) {
    const singles = [...fruitless];
    for (const { idea, run } of singles) {
      const others = run.actedOn.filter((o) => idea.rom[o.id] === undefined);
      for (const other of romIdeas(others)) ask(both(idea, other));
    }
  }
  return {
    asked,
    matches,
    options,
    notes: notesOf(
      s,
      base,
      fruitless.map((f) => `${settingsOf(f.idea).join(' + ')} (${f.run.outcome})`),
      enough(),
    ),
  };
}

/** What was looked at in vain is worth telling: it rules hypotheses out. */
function notesOf(s: Session, base: Attempt, fruitless: readonly string[], bounded: boolean): string[] {
  const notes: string[] = [];
  if (fruitless.length > 0) notes.push(`tried, does not show it: ${fruitless.join(', ')}`);
  const idle = optionSettings(s).filter((o) => !base.actedOn.some((a) => a.id === o.id));
  if (idle.length > 0)
    notes.push(`cannot show it alone, for the ROM never came to act on it in this run: ${idle.map((o) => o.id).join(', ')}`);
  if (bounded) notes.push(`the search was ended after ${MOST_RUNS} runs`);
  return notes;
}
