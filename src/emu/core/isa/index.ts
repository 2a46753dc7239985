/** All instructions. The order matters where encodings overlap: the first row that takes the fields wins, the coprocessor space comes last. */
import './system.ts';
import './branch.ts';
import './hints.ts';
import './data-processing.ts';
import './shifts.ts';
import './bitfield.ts';
import './saturate.ts';
import './multiply.ts';
import './dsp.ts';
import './exclusive.ts';
import './load-store.ts';
import './load-store-multiple.ts';
import './fp-arithmetic.ts';
import './fp-convert.ts';
import './fp-move.ts';
import './fp-undefined.ts';
import './coprocessor.ts';
