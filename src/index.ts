/**
 * The library, for browsers and Node. `bench` runs firmware and diagnoses the run. `openMachine` returns a machine that the caller controls.
 * `bootbench/node` reads files; `bootbench/vitest` has matchers for tests.
 *
 *     const result = await bench({ chip: 'stm32h533re', images: [{ path: 'fw.elf', bytes }] });
 * @module bootbench
 */
import './browser-host.ts';

export { bench } from './library/bench.ts';
export type {
  BenchOptions,
  DumpPiece,
  JobImage,
  Limits,
  MachineOptions,
  Progress,
  RomOptions,
  TypedExpect,
  TypedScenario,
} from './library/options.ts';
export type { ChipName } from './library/names.ts';
export type * from './bench/documents/result.ts';
export type {
  After,
  AfterResult,
  ResultCause,
  ResultCheck,
  ResultDiagnosis,
  RunResult,
  SymptomOption,
  TimelineRow,
} from './bench/documents/public-result.ts';
export type {
  AdcInputs,
  Board,
  BoardDocument,
  BusError,
  CablePosition,
  CoreSupply,
  Crystal,
  DfuStep,
  Duration,
  Expect,
  HostDocument,
  HostDriver,
  HostKind,
  OutsideMemory,
  PinLevel,
  Scenario,
  ScenarioDocument,
  Step,
  StepAction,
  UsbStep,
  WordValue,
} from './bench/documents/scenario-types.ts';
export type { Confidence } from './emu/confidence.ts';
export type { Judgement } from './bench/documents/expect.ts';
export { explain, findChip, inferChip, judge, serialise, suggestChips, terminalReport } from './results.ts';
export type { SafeText } from './bench/documents/safe-text.ts';
export { UsageError } from './bench/documents/usage-error.ts';
export { ImageError, type ImageErrorCode } from './image/errors.ts';
export type { TerminalOptions } from './report/terminal.ts';
export type { ExplainedFact } from './report/explain.ts';
export { CHIPS } from './chips/index.ts';
export type { InferredChip } from './bench/input/infer-chip.ts';
export { BenchMachine, openMachine } from './library/machine.ts';
export type {
  MachineEvents,
  OpenOptions,
  RegisterView,
  Removable,
  RunOptions,
  Snapshot,
  Stopped,
  Until,
  Variable,
  WatchKind,
} from './library/machine.ts';
export type { ControlAnswer, ControlRequest, UsbDeviceFacts, UsbHost } from './library/usb-host.ts';
export { buttonMatrix, i2cRegisters } from './library/board.ts';
export type { DeviceBoard, BoardBlock, BoardPin, BoardTimer, Devices, I2cDevice, Level, SpiDevice, UartPeer } from './library/board.ts';
