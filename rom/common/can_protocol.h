/*
 * AN3154 and AN5405: identifiers of 11 bits. A frame with identifier 0x79 is answered by ACK (FDCAN: ASSUMED); a command is a frame whose identifier is its code, answers
 * are frames with the same identifier: ACK and NACK of one byte. Data are sent eight bytes a frame, what is left one byte a frame (ST's OpenBootloader, inferred for the ROM).
 * LEFT OUT: Speed, Write Protect, Readout Protect; on FDCAN the memory, too (answered with NACK). The block's source includes this behind open(), receive(), send_bytes(),
 * SERVES_MEMORY and PROTOCOL_VERSION.
 */
#include "serial.h"

enum { ACK = 0x79, NACK = 0x1F, SYNCHRONISATION = 0x79 };
enum {
  GET = 0x00,
  GET_VERSION = 0x01,
  GET_ID = 0x02,
  READ_MEMORY = 0x11,
  GO = 0x21,
  WRITE_MEMORY = 0x31,
  ERASE = 0x43,
  WRITE_UNPROTECT = 0x73,
  READOUT_UNPROTECT = 0x92,
};

static void send(uint32_t id, uint8_t byte)
{
  send_bytes(id, 1, byte, 0);
}

static void get_commands(void)
{
  static const uint8_t COMMANDS[] = {
    PROTOCOL_VERSION,
    GET,
    GET_VERSION,
    GET_ID,
#if SERVES_MEMORY
    READ_MEMORY,
    GO,
    WRITE_MEMORY,
    ERASE,
    WRITE_UNPROTECT,
    READOUT_UNPROTECT,
#endif
  };
  send(GET, sizeof COMMANDS - 1u);
  for (uint32_t i = 0; i < sizeof COMMANDS; i++)
    send(GET, COMMANDS[i]);
}

#if SERVES_MEMORY
#define FRAME_BYTES 8u

static uint32_t word_of(const uint8_t *bytes)
{
  return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static void send_memory(uint32_t address, uint32_t count)
{
  uint32_t length = chip_read(address, serial_buffer, count);
  while (length < count)
    serial_buffer[length++] = 0xFF;
  const uint8_t *next = serial_buffer;
  for (; count >= FRAME_BYTES; count -= FRAME_BYTES, next += FRAME_BYTES)
    send_bytes(READ_MEMORY, FRAME_BYTES, word_of(next), word_of(next + 4));
  while (count--)
    send(READ_MEMORY, *next++);
}

/* `count` bytes into the buffer from frames of eight; each is acknowledged but, where that is said, one that is not full. */
static void receive_bytes(uint32_t id, uint32_t count, bool last_too)
{
  for (uint32_t done = 0; done < count; done += FRAME_BYTES) {
    struct can_frame frame;
    receive(&frame);
    for (uint32_t i = 0; i < FRAME_BYTES && done + i < count; i++)
      serial_buffer[done + i] = frame.bytes[i];
    if (last_too || count - done >= FRAME_BYTES)
      send(id, ACK);
  }
}

static bool read_memory(const struct can_frame *frame, uint32_t address)
{
  if (!chip_address_known(address))
    return false;
  send(READ_MEMORY, ACK);
  send_memory(address, frame->bytes[4] + 1u);
  return true;
}

static bool write_memory(const struct can_frame *frame, uint32_t address)
{
  uint32_t count = frame->bytes[4] + 1u;
  if (!chip_address_known(address))
    return false;
  send(WRITE_MEMORY, ACK);
  receive_bytes(WRITE_MEMORY, count, true);
  return chip_write(address, serial_buffer, count) == DFU_OK;
}

/* One byte a page; 0xFF = all of it. */
static bool erase(const struct can_frame *frame)
{
  uint32_t count = frame->bytes[0] + 1u;
  send(ERASE, ACK);
  if (count == 0x100u)
    return chip_mass_erase() == DFU_OK;
  send(ERASE, ACK);
  receive_bytes(ERASE, count, false);
  return serial_erase(serial_buffer, count, 1);
}

static bool execute(const struct can_frame *frame)
{
  uint32_t address = __builtin_bswap32(word_of(frame->bytes));
  if (frame->id == READOUT_UNPROTECT || frame->id == WRITE_UNPROTECT) {
    send(frame->id, ACK);
    send(frame->id, ACK);
    sent();
    if (frame->id == READOUT_UNPROTECT)
      chip_read_unprotect();
    system_reset();
  }
  if (chip_read_protected())
    return false;
  switch (frame->id) {
  case READ_MEMORY:
    return read_memory(frame, address);
  case WRITE_MEMORY:
    return write_memory(frame, address);
  case ERASE:
    return erase(frame);
  case GO:
    if (!chip_code_valid(address | 1u))
      return false;
    send(GO, ACK);
    sent();
    leave_to(address);
  default:
    return false;
  }
}
#else
static bool execute(const struct can_frame *frame)
{
  (void)frame;
  return false;
}
#endif

void can_serve(void)
{
  if (!can_clock_init())
    system_reset();
  open();
  for (;;) {
    struct can_frame frame;
    receive(&frame);
    uint32_t id = frame.id;
    if (id > GET_ID) {
      send(id, id == SYNCHRONISATION || execute(&frame) ? ACK : NACK);
      continue;
    }
    send(id, ACK);
    if (id == GET)
      get_commands();
    else if (id == GET_VERSION) {
      send(id, PROTOCOL_VERSION);
      send_bytes(id, 2, 0, 0); /* option bytes that say nothing */
    } else {
      uint32_t pid = serial_pid();
      send_bytes(id, 2, pid >> 8 | (pid & 0xFFu) << 8, 0);
    }
    send(id, ACK);
  }
}
