/** A rate as a person reads it; null: it is stopped. */
export function rateText(hz: number): string | null {
  if (hz === 0) return null;
  return hz >= 1e6 ? `${+(hz / 1e6).toFixed(4)} MHz` : `${+(hz / 1e3).toFixed(3)} kHz`;
}
