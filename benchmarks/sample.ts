/** What one stretch of work took. */
export interface Sample {
  /** Wall and CPU seconds of the measured stretch; CPU counts all threads. */
  readonly seconds: number;
  readonly cpu: number | null;
  /** Guest instructions or cycles, boots, forks: what the stretch did. */
  readonly instructions: number;
  readonly cycles: number;
  readonly count: number;
  readonly peakMb: number | null;
  /** Seconds that a device has told its client to sleep. */
  readonly told?: number;
}
