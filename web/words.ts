/** Words and numbers that several panes show. */
export const hex = (n: number): string => `0x${(n >>> 0).toString(16).padStart(8, '0')}`;
export const ms = (seconds: number): string => `${(seconds * 1000).toFixed(3)} ms`;
/** What browsers say where the server is gone. */
const UNREACHED = /failed to fetch|networkerror|load failed/i;
export const inWords = (e: unknown): string => {
  const said = e instanceof Error ? e.message : String(e);
  return UNREACHED.test(said)
    ? 'A part of this page could not be loaded: is its server still running, and the network up? Then try again.'
    : said;
};
export const OUTCOME: Readonly<Record<string, string>> = {
  dfu: 'the DFU device appears',
  'dfu-lost': 'a DFU device appears and goes away',
  'reset-loop': 'the application starts again and again',
  fault: 'the core stands in a fault',
  'rom-silent': 'the ROM is entered, and no program of the host gets a DFU device',
  'back-in-app': 'the application is back',
  stuck: 'the firmware waits for something that cannot come',
  'no-jump': 'the ROM is never entered',
};
