import type { TraceSignal } from '../../bench/documents/trace-types.ts';

/** The stretches in which a signal has one value. */
export function* spans({ at, values }: TraceSignal, end: number): Generator<{ from: number; to: number; value: number }> {
  for (let i = 0; i < at.length; i++) {
    const to = at[i + 1] ?? end;
    if (to > at[i]!) yield { from: at[i]!, to, value: values[i]! };
  }
}
