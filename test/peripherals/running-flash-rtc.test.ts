import { runningBlocks } from './running.ts';
import { FLASH_AND_RTC } from './running/flash.ts';

runningBlocks('flash', FLASH_AND_RTC);
