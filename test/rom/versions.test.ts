/** Versions and ID bytes of every ROM, against AN2606 Rev 70 (Table 3, and the version table of each product) written down apart. */
import { describe, expect, it } from 'vitest';
import { findChip } from '../../src/chips/index.ts';
import { ROM_PROFILES, romProfileOf } from '../../src/rom/profiles.ts';

/** part: versions, oldest first; in brackets one that is left out. */
const AN2606: Readonly<Record<string, string>> = {
  STM32C071RB: 'V13.1',
  STM32F030F4: 'V1.0',
  STM32F030R8: 'V2.1',
  STM32F030RC: 'V5.2',
  STM32F042K6: 'V10.0 V10.1',
  STM32F070RB: 'V10.2 V10.3',
  STM32F072RB: 'V10.1',
  STM32F091RC: 'V5.0',
  STM32F103C8: 'V2.0 V2.1 V2.2',
  STM32F105RC: 'V1.0 V2.0 V2.1 V2.2',
  STM32F207ZG: '(V2.x) V3.2 V3.3',
  STM32F301R8: 'V4.0',
  STM32F302R8: 'V4.0',
  STM32F303K8: 'V5.0',
  STM32F318C8: 'V5.0',
  STM32F328C8: 'V5.0',
  STM32F334R8: 'V5.0',
  STM32F358VC: 'V5.0',
  STM32F398VE: 'V5.0',
  STM32F303CC: 'V4.1',
  STM32F303RE: 'V4.0',
  STM32F401CC: 'V13.0',
  STM32F401RE: 'V13.1',
  STM32F407VG: 'V3.0 V3.1 V9.0 V9.1',
  STM32F411RE: 'V13.0',
  STM32F429ZI: 'V7.0 V9.0 V9.1',
  STM32F446RE: 'V9.0',
  STM32F722RE: 'V9.0',
  STM32F746ZG: 'V7.0 V9.0',
  STM32F767ZI: 'V9.3',
  STM32G0B0RE: 'V13.0',
  STM32G0B1RE: 'V9.2',
  STM32G431RB: 'V13.3 V13.4',
  STM32G474RE: 'V13.3 V13.4 V13.5',
  STM32H503RB: 'V14.1 V14.2',
  STM32H533RE: 'V14.0 V14.2',
  STM32H563ZI: 'V14.3 V14.4 V14.5',
  STM32H723ZG: 'V9.1 V9.2 V9.3',
  STM32H743ZI: 'V13.2 V13.3 V9.0 V9.1 V9.2',
  STM32L072CZ: 'V4.0 V4.1',
  STM32L152RB: 'V2.0',
  STM32L152RC: 'V4.0',
  STM32L152ZD: 'V4.1 V4.2 V4.5',
  STM32L152RE: 'V4.0',
  STM32L432KC: 'V9.1',
  STM32L476RG: 'V9.0 V9.1 V9.2 V10.1 V10.2 V10.3',
  STM32L496ZG: 'V9.3',
  STM32L4R5ZI: 'V9.0 V9.5',
  STM32U575ZI: 'V9.2 V9.3',
  STM32WB55RG: 'V13.5',
};

describe.each(Object.entries(AN2606))('%s', (name, versions) => {
  const profile = romProfileOf(findChip(name)!)!;
  const listed = versions.split(' ');
  it(`has the versions ${versions}`, () => {
    expect(profile.versions.value).toEqual(listed.filter((v) => !v.startsWith('(')));
    // What is left out is said.
    for (const version of listed.filter((v) => v.startsWith('('))) expect(profile.leftOut.join('\n')).toContain(version.slice(1, -1));
  });
});

it('every ROM has the ID byte of its last version: major and minor number, a digit each (AN2606 Table 3)', () => {
  const digits = (version: string): number => {
    const [major, minor] = version.slice(1).split('.').map(Number) as [number, number];
    return (major << 4) | minor;
  };
  for (const p of ROM_PROFILES) {
    const { id } = p.build;
    if (id !== null) expect([p.id, id.value]).toEqual([p.id, digits(p.versions.value.at(-1)!)]);
  }
});
