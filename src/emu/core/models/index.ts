/** All cores. */
import type { CoreType } from '../../chip.ts';
import { m0 } from './m0.ts';
import { m0plus } from './m0plus.ts';
import { m3 } from './m3.ts';
import { m33 } from './m33.ts';
import { m4 } from './m4.ts';
import { m7 } from './m7.ts';
import type { CoreModel, CoreName } from './model.ts';

export const PROFILES: Readonly<Record<CoreName, CoreModel>> = { m0, m0plus, m3, m4, m33, m7 };

const BY_TYPE: Readonly<Record<CoreType, CoreModel>> = {
  'cortex-m0': m0,
  'cortex-m0plus': m0plus,
  'cortex-m3': m3,
  'cortex-m4f': m4,
  'cortex-m33f': m33,
  'cortex-m7f': m7,
};
export const modelOf = (type: CoreType): CoreModel => BY_TYPE[type];
