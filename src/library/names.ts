/** A part or a line: `stm32h533re`, `STM32F407VGT6`, `stm32l476`. The declarations of the package know which there are: the build writes them (tools/build.mjs). */
export type ChipName = string;
