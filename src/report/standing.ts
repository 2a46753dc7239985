/** What is told of a machine that stands somewhere: the rows that a page tells of an instant (moments.ts), from the machine itself. */
import type { TraceTransfer } from '../bench/documents/trace-types.ts';
import type { Session } from '../bench/session/session.ts';
import { exceptionName } from '../checks/core-registers.ts';
import type { Core } from '../emu/core/core.ts';
import { clockRows } from './clock-words.ts';
import { maskWords, supplyWords, waitWords } from './lanes.ts';
import { timeText, type Told } from './moments.ts';
import { transferFields, transferText } from './trace/transfer-text.ts';

const PS = 1e12;

/** Each clock behind what it comes from; empty where the chip's RCC does not tell. */
export function clocksOf({ machine }: Session): readonly Told[] {
  const tree = machine.system.clockTree();
  return tree === null ? [] : clockRows(tree);
}
/** All but the clocks. @param transfer the last one that has begun; null: none has */
export function toldOf({ machine, usb, input }: Session, transfer: TraceTransfer | null): Told[] {
  const { system } = machine;
  const supply = supplyWords((name) => system.wire(name));
  const heard = usb.state.log.at(-1);
  return [
    ...machine.cores.flatMap((core) =>
      ofCore(core, (n) => exceptionName(input.chip, n).replace(/^interrupt /, ''), machine.cores.length > 1),
    ),
    ...(supply === null ? [] : [['supply, D+', supply] as const]),
    ...(heard === undefined ? [] : [['host', `${timeText(heard.at / PS)}: ${heard.text}`] as const]),
    ...(transfer === null ? [] : ofTransfer(transfer)),
  ];
}
function ofCore({ arm, row }: Core, nameOf: (exception: number) => string, isNamed: boolean): Told[] {
  const masks = maskWords(['primask', 'faultmask', 'basepri'].map((name) => [name, arm[name as 'primask' | 'faultmask' | 'basepri']]));
  const rows: readonly (readonly [string, string | null])[] = [
    ['exception', arm.ipsr === 0 ? null : nameOf(arm.ipsr)],
    ['masks', masks],
    ['waiting', arm.heldBack === 0 ? null : waitWords(nameOf(arm.heldBack))],
  ];
  return rows.flatMap(([name, words]) => (words === null ? [] : [[isNamed ? `${row.name} ${name}` : name, words] as const]));
}
function ofTransfer(transfer: TraceTransfer): Told[] {
  const text = transferText(transfer);
  const lasts = transfer.to === null;
  return [['USB transfers', lasts ? text : `the last, at ${timeText(transfer.from / PS)}: ${text}`], ...transferFields(transfer)];
}
