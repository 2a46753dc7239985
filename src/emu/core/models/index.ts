// Made by tools/core-index.ts from the other files of this folder.
import type { CoreModel } from './model.ts';
import type { CoreName, CoreType } from './names.ts';
import { m0 } from './m0.ts';
import { m0plus } from './m0plus.ts';
import { m3 } from './m3.ts';
import { m4 } from './m4.ts';
import { m7 } from './m7.ts';
import { m7sp } from './m7sp.ts';
import { m33 } from './m33.ts';

/** All cores by name. */
export const PROFILES: Readonly<Record<CoreName, CoreModel>> = { m0, m0plus, m3, m4, m7, m7sp, m33 };

const BY_TYPE = new Map(Object.values(PROFILES).map((model) => [model.type, model]));
export const modelOf = (type: CoreType): CoreModel => BY_TYPE.get(type)!;
