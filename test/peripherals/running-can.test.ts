import { runningBlocks } from './running.ts';
import { CAN } from './running/can.ts';

runningBlocks('can', CAN);
