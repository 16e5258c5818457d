// The processor's SHA-256 instructions, which Swift cannot name.
#pragma once

#if defined(__x86_64__)
#include <cpuid.h>

/// Whether the processor has SHA-256 instructions.
static inline int processor_has_sha256(void) {
  unsigned int a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b >> 29 & 1) != 0;
}

typedef unsigned int ProcessorWords4 __attribute__((vector_size(16)));
typedef int ProcessorSignedWords4 __attribute__((vector_size(16)));
typedef unsigned char ProcessorBytes16 __attribute__((vector_size(16), aligned(1)));

/// Mixes `count` blocks of 64 bytes into the state `a…h`. `constants` are the standard's 64 round constants.
static inline __attribute__((target("sha,sse4.1,ssse3"))) void
processor_mix_sha256(unsigned int *state, const unsigned char *blocks, long count, const unsigned int *constants) {
  // The instructions want the halves as (f, e, b, a) and (h, g, d, c), lowest word first.
  ProcessorSignedWords4 first = {(int)state[5], (int)state[4], (int)state[1], (int)state[0]};
  ProcessorSignedWords4 second = {(int)state[7], (int)state[6], (int)state[3], (int)state[2]};
  for (long block = 0; block < count; block++, blocks += 64) {
    ProcessorSignedWords4 oldFirst = first, oldSecond = second;
    ProcessorSignedWords4 w[4];
#pragma unroll
    for (int group = 0; group < 16; group++) {
      if (group < 4) {
        ProcessorBytes16 bytes = *(const ProcessorBytes16 *)(blocks + 16 * group);
        w[group] = (ProcessorSignedWords4)__builtin_shufflevector(
            bytes, bytes, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12);
      } else {
        ProcessorSignedWords4 two = w[(group + 2) & 3], three = w[(group + 3) & 3];
        ProcessorSignedWords4 shifted = __builtin_shufflevector(two, three, 1, 2, 3, 4);
        ProcessorSignedWords4 sum = __builtin_ia32_sha256msg1(w[group & 3], w[(group + 1) & 3]) + shifted;
        w[group & 3] = __builtin_ia32_sha256msg2(sum, three);
      }
      ProcessorWords4 k = {
          constants[4 * group], constants[4 * group + 1], constants[4 * group + 2], constants[4 * group + 3]};
      ProcessorSignedWords4 message = (ProcessorSignedWords4)((ProcessorWords4)w[group & 3] + k);
      second = __builtin_ia32_sha256rnds2(second, first, message);
      message = __builtin_shufflevector(message, message, 2, 3, 0, 0);
      first = __builtin_ia32_sha256rnds2(first, second, message);
    }
    first = (ProcessorSignedWords4)((ProcessorWords4)first + (ProcessorWords4)oldFirst);
    second = (ProcessorSignedWords4)((ProcessorWords4)second + (ProcessorWords4)oldSecond);
  }
  state[0] = (unsigned int)first[3], state[1] = (unsigned int)first[2];
  state[4] = (unsigned int)first[1], state[5] = (unsigned int)first[0];
  state[2] = (unsigned int)second[3], state[3] = (unsigned int)second[2];
  state[6] = (unsigned int)second[1], state[7] = (unsigned int)second[0];
}
#else
/// Whether the processor has SHA-256 instructions that are used here.
static inline int processor_has_sha256(void) { return 0; }

/// Never called: there are no such instructions.
static inline void
processor_mix_sha256(unsigned int *state, const unsigned char *blocks, long count, const unsigned int *constants) {}
#endif
