/** What the user saw against what the run shows; when they differ, ROM options and board changes are searched for that show it. */
import type { BaseFacts, SymptomAnswer } from './document.ts';
import type { Outcome, Symptom, SymptomOption } from './result.ts';
import { optionSettings, otherValues } from './rom-options.ts';
import { Session, type SessionOptions } from './session.ts';

/** Whether a run looks to its user like the symptom. */
function shows(symptom: Symptom, outcome: Outcome, ownResets: number, foreignDevice: boolean): boolean {
  switch (symptom) {
    case 'resets': return outcome === 'reset-loop' || outcome === 'back-in-app' || (ownResets > 1 && outcome !== 'dfu');
    case 'nothing': return outcome === 'rom-silent' || outcome === 'no-jump' || outcome === 'stuck' || outcome === 'fault';
    case 'hang': return outcome === 'fault' || outcome === 'stuck' || outcome === 'rom-silent';
    case 'wrong-device': return foreignDevice;
  }
}

const DFU_ID = '0x0483:0xdf11';

interface Variant {
  readonly options: SessionOptions;
  readonly rom: Readonly<Record<string, string>>;
  readonly board: Readonly<Record<string, string | number | null>>;
  readonly text: string;
}

/** One change at a time: every other value of every undocumented option, then the board. */
function variants(s: Session): Variant[] {
  const list: Variant[] = [];
  for (const o of optionSettings(s)) {
    for (const value of otherValues(o)) {
      list.push({ options: { romOptions: { [o.id]: value } }, rom: { [o.id]: value }, board: {}, text: `if the ROM's ${o.id} were "${value}" (assumed "${o.value}", ${o.confidence})` });
    }
  }
  const { parameters } = s.machine.chip;
  for (const crystal of ['hse', 'lse'] as const) {
    if (parameters[`${crystal}.hz`] !== undefined)
      list.push({ options: { parameters: { [`${crystal}.hz`]: null } }, rom: {}, board: { [crystal]: null }, text: `if the board had no ${crystal.toUpperCase()} crystal` });
  }
  for (const i of s.profile?.interfaces.value ?? []) {
    const rx = i.pins['rx'];
    if (rx && i.detection !== 'none') list.push({ options: { pins: { [rx]: 0 } }, rom: {}, board: { [rx]: 0 }, text: `if ${rx} (${i.name} RX) were low` });
  }
  return list;
}

export function answerSymptom(s: Session, asked: Symptom, outcome: Outcome, base: BaseFacts): SymptomAnswer {
  const foreign = base.usb.sessions.some((u) => u.enumerated && `${u.vid}:${u.pid}` !== DFU_ID);
  const own = base.resets.filter((r) => r.by !== 'power').length;
  const matches = shows(asked, outcome, own, foreign);
  if (matches) return { asked, matches, options: [] };
  const options: SymptomOption[] = [];
  for (const v of variants(s)) {
    const other = new Session(s.input, v.options);
    other.keepCheckpoints = false;
    const end = other.run();
    const resets = other.machine.history.resets.filter((r) => r.by !== 'power').length;
    const device = other.usb.sessions.some((u) => u.enumerated !== null && !(u.vid === 0x0483 && u.pid === 0xdf11));
    if (shows(asked, end.outcome, resets, device)) options.push({ rom: v.rom, board: v.board, outcome: end.outcome, text: v.text });
  }
  return { asked, matches, options };
}
