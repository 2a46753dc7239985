import { decodeSpace } from './decode-space-suite.ts';

decodeSpace('m3');
