/* The CAN protocol (AN3154) or FDCAN's (AN5405). */
#ifndef ROM_CAN_H
#define ROM_CAN_H
#include <stdint.h>

struct can_frame {
  uint32_t id;
  uint8_t bytes[8];
};

static inline void can_words(struct can_frame *frame, uint32_t low, uint32_t high)
{
  for (uint32_t i = 0; i < 4u; i++) {
    frame->bytes[i] = (uint8_t)(low >> 8u * i);
    frame->bytes[4u + i] = (uint8_t)(high >> 8u * i);
  }
}

/* Serves the host that has sent a frame, for good; a board whose crystal does not serve is reset. */
void can_serve(void) __attribute__((noreturn));
#endif
