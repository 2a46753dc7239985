/** What makes the firmware jump, as buttons: the events of its scenario, or those that the run found. */
import type { StepAction } from '../src/bench/documents/scenario-types.ts';
import type { TypedScenario } from '../src/library/options.ts';

export interface EventButton {
  readonly label: string;
  readonly action: StepAction;
}

const LEVELS: Readonly<Record<string, string>> = { '0': 'low', '1': 'high' };
const data = ({ text, hex }: { readonly text?: string; readonly hex?: string }): string =>
  text === undefined ? (hex ?? '') : `“${text.trim()}”`;

function labelOf(action: StepAction): string {
  if ('pin' in action) {
    const { name, level } = action.pin;
    if (name === 'BOOT0') return `BOOT0 ${LEVELS[String(level)] ?? 'open'}`;
    return level === 'z' ? `Let go of ${name}` : `Press ${name} (${LEVELS[String(level)]})`;
  }
  if ('call' in action) return `Call ${typeof action.call === 'string' ? action.call : action.call.symbol}`;
  if ('uart' in action) return `Send ${data(action.uart)} to ${action.uart.port}`;
  if ('cdc' in action)
    return action.cdc.baud === undefined ? `Send ${data(action.cdc)} to the CDC port` : `Open the CDC port at ${action.cdc.baud}`;
  if ('nrst' in action) return 'Press reset';
  if ('power' in action) return 'Power off and on';
  if ('cable' in action) return `USB cable: ${action.cable}`;
  if ('debugger' in action) return `Debugger: ${action.debugger}`;
  if ('poke' in action) return `Write ${action.poke.symbol ?? action.poke.address}`;
  if ('can' in action) return `Send on ${action.can.port}`;
  if ('i2c' in action) return `Address it on ${action.i2c.port}`;
  if ('spi' in action) return `Address it on ${action.spi.port}`;
  return Object.keys(action)[0] ?? '';
}

/** One for each event. */
export function eventButtons(steps: TypedScenario['steps']): readonly EventButton[] {
  const buttons = new Map<string, EventButton>();
  for (const { do: action } of steps ?? []) {
    const label = labelOf(action);
    if (!buttons.has(label)) buttons.set(label, { label, action });
  }
  return [...buttons.values()];
}
