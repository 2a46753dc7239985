/**
 * Which sources are somebody else's: the chip vendor's packages and libraries, by the folders that their projects keep them in (STM32CubeMX, STM32CubeIDE, PlatformIO, CMake with
 * submodules) and by the names of ST's drivers.
 */

const FOLDERS: ReadonlySet<string> = new Set(
  'cmsis cmsis_device hal_driver third_party thirdparty third-party 3rdparty external extern vendor vendors libopencm3 freertos freertos-kernel threadx usbx tinyusb cherryusb libc newlib picolibc .platformio'.split(
    ' ',
  ),
);
/** As STM32CubeMX spells them; in `src/drivers` stand drivers of a project's own. */
const OF_CUBE: ReadonlySet<string> = new Set(['Drivers', 'Middlewares']);
/** `STM32G4xx_HAL_Driver`, `stm32g4xx_hal_driver`, `cmsis_device_g4`, `framework-stm32cubeg4`, `STM32_USB_Device_Library`. */
const FOLDER = /^(?:stm32\w*_(?:hal|ll)_driver|stm32cube\w*|cmsis[-_]\w+|framework-\w[\w-]*|stm32_\w+_library|stm32-mw-[\w-]+)$/;
/** Files of HAL, LL and CMSIS; those that a project has of its own (`…_hal_msp.c`, `…_hal_conf.h`, a time base) are the user's. */
const FILE = /^(?:stm32[a-z]\w{1,3}xx_(?:hal|ll)(?:_\w+)?|core_c[am]\w+|cmsis_\w+)\.\w+$/;
const OWN = /_(?:msp|conf|timebase\w*)(?:_template)?\.\w+$/;

/** `file` as debug data name it, with `/` or `\`. */
export function isVendorFile(file: string): boolean {
  const folders = file.split(/[\\/]/);
  const name = folders.pop()!.toLowerCase();
  const isVendors = (folder: string): boolean => FOLDERS.has(folder) || FOLDER.test(folder);
  if (folders.some((folder) => OF_CUBE.has(folder) || isVendors(folder.toLowerCase()))) return true;
  return FILE.test(name) && !OWN.test(name);
}
