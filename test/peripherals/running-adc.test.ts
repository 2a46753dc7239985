import { runningBlocks } from './running.ts';
import { ADC } from './running/adc.ts';

runningBlocks('adc', ADC);
