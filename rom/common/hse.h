/* Measuring an unknown crystal. */
#ifndef ROM_HSE_H
#define ROM_HSE_H
#include <stdbool.h>
#include <stdint.h>

/*
 * Switches HSE on (`on` in `cr`) and waits for `ready` there, HSE_TIMEOUT_US at most: the timer at `timer`, which counts `timer_khz`, is the clock. No loop of instructions is:
 * how long one takes hangs on where the linker has put it.
 */
bool hse_start(volatile uint32_t *cr, uint32_t on, uint32_t ready, uint32_t timer, uint32_t timer_khz, uint32_t us);
/*
 * HSE in MHz, rounded (AN2606: detected against the internal oscillator, so that its error is the detection's error); 0 = no edges came.
 * The timer at `timer` counts `timer_khz` and captures, through its TI1 remap, HSE divided by `divider`.
 */
uint32_t hse_mhz(uint32_t timer, uint32_t timer_khz, uint32_t divider);
/* The same in kHz, not rounded. */
uint32_t hse_khz(uint32_t timer, uint32_t timer_khz, uint32_t divider);
#endif
