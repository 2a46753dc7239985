/*
 * AN3154 and AN5405: identifiers of 11 bits. A frame with identifier 0x79 is answered by ACK (FDCAN: ASSUMED); a command is a frame whose identifier is its code, answers
 * are frames of one byte with the same identifier. Get, Get Version and Get ID are answered, all others with NACK (LEFT OUT). The block's source includes this
 * behind open(), receive(), send_bytes() and PROTOCOL_VERSION.
 */
#include "serial.h"

enum { ACK = 0x79, NACK = 0x1F, SYNCHRONISATION = 0x79 };
enum { GET = 0x00, GET_VERSION = 0x01, GET_ID = 0x02 };

static void send(uint32_t id, uint8_t byte)
{
  send_bytes(id, 1, byte);
}

static void get_commands(void)
{
  static const uint8_t COMMANDS[] = { PROTOCOL_VERSION, GET, GET_VERSION, GET_ID };
  send(GET, sizeof COMMANDS - 1u);
  for (uint32_t i = 0; i < sizeof COMMANDS; i++)
    send(GET, COMMANDS[i]);
}

void can_serve(void)
{
  if (!can_clock_init())
    system_reset();
  open();
  for (;;) {
    uint32_t id = receive();
    bool known = id == SYNCHRONISATION || id <= GET_ID;
    send(id, known ? ACK : NACK);
    if (id == GET)
      get_commands();
    else if (id == GET_VERSION) {
      send(id, PROTOCOL_VERSION);
      send_bytes(id, 2, 0); /* option bytes that say nothing */
    } else if (id == GET_ID) {
      uint32_t pid = serial_pid();
      send_bytes(id, 2, pid >> 8 | (pid & 0xFFu) << 8);
    }
    if (id <= GET_ID)
      send(id, ACK);
  }
}
