/** What has to be there before anything else is loaded. */
import { signalsOfProcess } from './signals.ts';

export const SIGNALS = signalsOfProcess();
