/** The driver of USB_DRD on an FSDEV at the same place: registers and packet memory are 16 bits wide, the descriptor table has the same bits. */
import f0x2 from '../../src/chips/generated/stm32f0x2.json' with { type: 'json' };
import { loadFacts, type GeneratedFacts } from '../../src/chips/facts.ts';
import { rate } from '../../src/emu/time.ts';
import { usbFsdev, usbFsdevPort } from '../../src/peripherals/usb/usb-fsdev.ts';
import { benchWith } from './bench.ts';
import { CHIP, Firmware, PMA, USB, type Bench, type Device } from './firmware.ts';
import { BriefSystem } from '../brief.ts';

class FsdevFirmware extends Firmware {
  override get(address: number): number {
    const { system } = this;
    if (address < USB || address >= USB + 0x800) return super.get(address);
    const low = system.read(address, 2);
    return address < PMA ? low : (low | (system.read(address + 2, 2) << 16)) >>> 0;
  }
  override set(address: number, value: number): void {
    if (address < USB || address >= USB + 0x800) return super.set(address, value);
    this.system.write(address, 2, value & 0xffff);
    if (address >= PMA) this.system.write(address + 2, 2, value >>> 16);
  }
}

export function fsdevBench(device: Device): Bench {
  const usb = { ...CHIP.blocks.find((b) => b.name === 'USB')!, model: 'usb-fsdev', size: 0x800 };
  const facts = { ...CHIP.facts, USB: loadFacts(f0x2 as unknown as GeneratedFacts)['USB']! };
  const system = new BriefSystem({ ...CHIP, facts, blocks: [CHIP.blocks[0]!, usb] }, { 'usb-fsdev': usbFsdev });
  system.resetBlocks('power');
  system.setClock('usb', rate(48_000_000));
  return benchWith(
    system,
    new FsdevFirmware(system, device),
    () => usbFsdevPort(system, 'USB'),
    74,
    () => undefined,
    {},
  );
}
