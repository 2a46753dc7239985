// LLVM's ARM decoder behind four C functions, for llvm.ts. Built there with the machine's own LLVM (Debian: g++, llvm-dev).
#include <llvm/MC/MCAsmInfo.h>
#include <llvm/MC/MCContext.h>
#include <llvm/MC/MCDisassembler/MCDisassembler.h>
#include <llvm/MC/MCInst.h>
#include <llvm/MC/MCInstPrinter.h>
#include <llvm/MC/MCInstrInfo.h>
#include <llvm/MC/MCRegisterInfo.h>
#include <llvm/MC/MCSubtargetInfo.h>
#include <llvm/MC/MCTargetOptions.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Support/raw_ostream.h>

#include <cstdint>
#include <cstring>
#include <string>

extern "C" void LLVMInitializeARMTargetInfo();
extern "C" void LLVMInitializeARMTargetMC();
extern "C" void LLVMInitializeARMDisassembler();

using namespace llvm;

namespace {

// lives as long as the process
struct Arm {
  MCInstrInfo *names;
  MCSubtargetInfo *cpu;
  MCDisassembler *decoder;
  MCInstPrinter *printer;
};

MCDisassembler::DecodeStatus decode(Arm *arm, unsigned first, unsigned second, MCInst &inst) {
  const uint8_t bytes[4] = {uint8_t(first), uint8_t(first >> 8), uint8_t(second), uint8_t(second >> 8)};
  uint64_t size = 0;
  const auto status = arm->decoder->getInstruction(inst, size, ArrayRef<uint8_t>(bytes, 4), 0, nulls());
  // the decoder remembers an IT block: let four NOPs use it up
  if ((first & 0xff00) == 0xbf00 && (first & 15) != 0) {
    const uint8_t nop[2] = {0x00, 0xbf};
    for (int i = 0; i < 4; i++) {
      MCInst ignored;
      arm->decoder->getInstruction(ignored, size, ArrayRef<uint8_t>(nop, 2), 0, nulls());
    }
  }
  return status;
}

int put(const std::string &text, char *out, unsigned bytes) {
  if (text.size() + 1 > bytes) return -1;
  std::memcpy(out, text.c_str(), text.size() + 1);
  return 0;
}

}  // namespace

extern "C" {

void *arm_open(const char *triple, const char *cpu, const char *features) {
  LLVMInitializeARMTargetInfo();
  LLVMInitializeARMTargetMC();
  LLVMInitializeARMDisassembler();
  std::string error;
  const Target *target = TargetRegistry::lookupTarget(triple, error);
  if (!target) return nullptr;
  auto *registers = target->createMCRegInfo(triple);
  auto *syntax = target->createMCAsmInfo(*registers, triple, MCTargetOptions());
  auto *subtarget = target->createMCSubtargetInfo(triple, cpu, features);
  auto *names = target->createMCInstrInfo();
  auto *context = new MCContext(Triple(triple), syntax, registers, subtarget);
  return new Arm{names, subtarget, target->createMCDisassembler(*subtarget, *context),
                 target->createMCInstPrinter(Triple(triple), 0, *syntax, *names, *registers)};
}

// 0: no such instruction; else LLVM's opcode, plus 0x8000 where it finds the encoding UNPREDICTABLE
void arm_decode(void *handle, unsigned first, unsigned second, unsigned count, uint16_t *out) {
  for (unsigned i = 0; i < count; i++) {
    MCInst inst;
    const auto status = decode(static_cast<Arm *>(handle), first, second + i, inst);
    out[i] = status == MCDisassembler::Fail ? 0 : inst.getOpcode() | (status == MCDisassembler::SoftFail ? 0x8000 : 0);
  }
}

// "t2ADDri"
int arm_opcode(void *handle, unsigned opcode, char *out, unsigned bytes) {
  return put(static_cast<Arm *>(handle)->names->getName(opcode).str(), out, bytes);
}

// "add.w\tr0, r1, #4"
int arm_text(void *handle, unsigned first, unsigned second, char *out, unsigned bytes) {
  auto *arm = static_cast<Arm *>(handle);
  MCInst inst;
  if (decode(arm, first, second, inst) == MCDisassembler::Fail) return -1;
  std::string text;
  raw_string_ostream stream(text);
  arm->printer->printInst(&inst, 0, "", *arm->cpu, stream);
  return put(stream.str(), out, bytes);
}
}
