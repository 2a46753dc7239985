/* The CAN protocol (AN3154) or FDCAN's (AN5405). */
#ifndef ROM_CAN_H
#define ROM_CAN_H

/* Serves the host that has sent a frame, for good; a board whose crystal does not serve is reset. */
void can_serve(void) __attribute__((noreturn));
#endif
