// What a plugin library says of itself before any Swift value crosses; C, so that both sides can read it whatever built them.

#ifndef PREFER_PLUGIN_HANDSHAKE_H
#define PREFER_PLUGIN_HANDSHAKE_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/// "PrfP": tells a handshake from chance.
#define PREFER_PLUGIN_MAGIC 0x50667250u
/// The version of this header's struct. It stands in the function's name too.
#define PREFER_PLUGIN_ABI 1u
/// The version of PreferenceCore that comes with this header.
#define PREFER_CORE_VERSION "0.1.0"

/// What `prefer_plugin_handshake_v1` returns. Strings live as long as the process.
typedef struct prefer_plugin_handshake {
  /// PREFER_PLUGIN_MAGIC.
  uint32_t magic;
  /// PREFER_PLUGIN_ABI.
  uint32_t abi;
  /// The compiler that built the library, as it calls itself.
  const char *toolchain;
  /// The version of PreferenceCore that the library was built against.
  const char *core;
  /// Who brings the losses.
  const char *name;
  /// The plugin's own version.
  const char *version;
  /// The sizes of PreferenceCore's values as the library was built to see them.
  uint64_t layout;
  /// The Swift metadata of the type that brings the losses.
  const void *probe;
} prefer_plugin_handshake;

/// The compiler that includes this header: baked into whoever calls.
static inline const char *prefer_toolchain(void) { return __clang_version__; }

/// The core whose header this is: baked into whoever calls.
static inline const char *prefer_core_version(void) { return PREFER_CORE_VERSION; }

/// PREFER_PLUGIN_MAGIC, for Swift.
static inline uint32_t prefer_plugin_magic(void) { return PREFER_PLUGIN_MAGIC; }

/// PREFER_PLUGIN_ABI, for Swift.
static inline uint32_t prefer_plugin_abi(void) { return PREFER_PLUGIN_ABI; }

/// A copy of `text` that is never freed.
static inline const char *prefer_keep(const char *text) {
  size_t size = strlen(text) + 1;
  char *copy = (char *)malloc(size);
  return copy == 0 ? "" : (const char *)memcpy(copy, text, size);
}

#endif
