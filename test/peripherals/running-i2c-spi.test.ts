import { runningBlocks } from './running.ts';
import { SERIAL } from './running/serial.ts';

runningBlocks('serial', SERIAL);
