/** The chip on its board: BOOT0, reset, buttons, and the cable to a host. What is pressed here happens now. */
import type { StepAction } from '../../src/bench/documents/scenario-types.ts';
import type { TypedScenario } from '../../src/library/options.ts';
import type { View } from '../setup.ts';

/** What is pressed is seen at once. */
const AT_ONCE = '1us';
interface BoardProps {
  readonly chip: string;
  readonly view: View;
  readonly steps: TypedScenario['steps'];
  readonly disabled: boolean;
  readonly act: (action: StepAction, label: string, forth?: `${number}${'us' | 'ms'}`) => void;
}
export function Board({ chip, view: { board, device, zone, usb }, steps, disabled, act }: BoardProps) {
  // a pin has a button where the run presses it: the level that comes first is that of the pressed button
  const pressed = new Map<string, 0 | 1>();
  for (const { do: action } of steps ?? [])
    if ('pin' in action && action.pin.name in board.pins && action.pin.level !== 'z' && !pressed.has(action.pin.name))
      pressed.set(action.pin.name, action.pin.level);
  const isIn = board.cable === 'in';
  return (
    <div class="board" role="group" aria-label="the board">
      <div class="wires">
        <button
          type="button"
          aria-pressed={board.boot0 === 1}
          disabled={disabled}
          onClick={() =>
            act({ pin: { name: 'BOOT0', level: board.boot0 === 1 ? 0 : 1 } }, `BOOT0 ${board.boot0 === 1 ? 'low' : 'high'}`, AT_ONCE)
          }
        >
          BOOT0 {board.boot0}
        </button>
        <button type="button" disabled={disabled} onClick={() => act({ nrst: { for: '1ms' } }, 'reset by NRST', '1100us')}>
          NRST
        </button>
        {[...pressed].map(([name, level]) => (
          <button
            key={name}
            type="button"
            aria-pressed={board.pins[name] === level}
            disabled={disabled}
            onClick={() =>
              act(
                { pin: { name, level: board.pins[name] === level ? 'z' : level } },
                `${name} ${board.pins[name] === level ? 'open' : level}`,
                AT_ONCE,
              )
            }
          >
            {name} {board.pins[name]}
          </button>
        ))}
      </div>
      <div class="chip">
        <b>{chip}</b>
        <span>{zone === 'rom' ? 'runs the ROM' : 'runs your code'}</span>
      </div>
      <button
        type="button"
        class={isIn ? 'cable in' : 'cable'}
        aria-pressed={isIn}
        disabled={disabled}
        onClick={() => act({ cable: isIn ? 'out' : 'in' }, `USB cable ${isIn ? 'out' : 'in'}`, AT_ONCE)}
      >
        cable {board.cable}
      </button>
      <div class="host">
        <b>USB host</b>
        <span>{!isIn ? 'nothing is plugged in' : (device ?? usb.at(-1)?.text ?? 'sees no device')}</span>
      </div>
    </div>
  );
}
