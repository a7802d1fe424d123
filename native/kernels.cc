// What seal and verify call: the tree over leaves, the leaves and the look of lines, records out of the journal, checksums,
// zstd. Beside addon.cc the only file that knows Node-API. Sizes are checked here, so that no call writes past what
// JavaScript handed in; no C++ exception leaves.

#include "kernels.h"

#include <cstring>
#include <exception>
#include <new>

#include "crc32c.h"
#include "gather.h"
#include "lines.h"
#include "tree.h"
#if defined(FIRN_ZSTD)
#include "zstd.h"
#endif

namespace {

struct Kernels {
  firn::TreeHasher tree;
  firn::LineChecker lines;
#if defined(FIRN_ZSTD)
  firn::Zstd zstd;
#endif
};

struct Bytes {
  uint8_t* at;
  size_t bytes;
};

constexpr size_t dayBytes = 11;
/** Bytes of the shortest time in a line, with what must follow it there: `"`, `}` and LF. */
constexpr double leastTime = 23;

void destroy(napi_env, void* data, void*) { delete static_cast<Kernels*>(data); }

/** The Uint8Array arguments of a call, exactly as many as `into` names. False: an error is pending. */
template <size_t N>
bool arguments(napi_env env, napi_callback_info info, Kernels*& kernels, Bytes (&into)[N]) {
  size_t count = N;
  napi_value values[N];
  void* data = nullptr;
  if (napi_get_cb_info(env, info, &count, values, nullptr, &data) != napi_ok) return false;
  kernels = static_cast<Kernels*>(data);
  for (size_t i = 0; i < N; i++) {
    napi_typedarray_type type{};
    size_t length = 0;
    void* at = nullptr;
    if (count != N ||
        napi_get_typedarray_info(env, values[i], &type, &length, &at, nullptr, nullptr) != napi_ok ||
        type != napi_uint8_array) {
      napi_throw_type_error(env, nullptr, "the native kernels take Uint8Arrays");
      return false;
    }
    into[i] = {static_cast<uint8_t*>(at), length};
  }
  return true;
}

/** Runs a kernel that gives a number; what it throws becomes an error of JavaScript. */
template <typename Kernel>
napi_value number(napi_env env, Kernel kernel) {
  try {
    napi_value result{};
    return napi_create_double(env, kernel(), &result) == napi_ok ? result : nullptr;
  } catch (const std::exception& error) {
    napi_throw_error(env, nullptr, error.what());
    return nullptr;
  }
}

/** merkleRoot(leaves: Uint8Array(32 × n), root: Uint8Array(32)): n, which is at least 1. */
napi_value merkleRoot(napi_env env, napi_callback_info info) {
  Kernels* kernels = nullptr;
  Bytes given[2];
  if (!arguments(env, info, kernels, given)) return nullptr;
  const auto [leaves, root] = given;
  const size_t count = leaves.bytes / firn::hashBytes;
  if (count == 0 || leaves.bytes % firn::hashBytes != 0 || root.bytes != firn::hashBytes) {
    napi_throw_range_error(env, nullptr, "merkleRoot takes hashes of 32 bytes");
    return nullptr;
  }
  return number(env, [&] {
    kernels->tree.root(leaves.at, count, root.at);
    return static_cast<double>(count);
  });
}

/** hashLines(body: Uint8Array, leaves: Uint8Array(32 × n)): leaves written, n at most. */
napi_value hashLines(napi_env env, napi_callback_info info) {
  Kernels* kernels = nullptr;
  Bytes given[2];
  if (!arguments(env, info, kernels, given)) return nullptr;
  const auto [body, leaves] = given;
  return number(env, [&] {
    return static_cast<double>(kernels->tree.lines(body.at, body.bytes, leaves.at, leaves.bytes / firn::hashBytes));
  });
}

/**
 * gather(entries, lines, leaves, words: Uint8Array over the words of Gathered): records taken, −1 when the entries are not
 * whole or there is no room.
 */
napi_value gather(napi_env env, napi_callback_info info) {
  Kernels* kernels = nullptr;
  Bytes given[4];
  if (!arguments(env, info, kernels, given)) return nullptr;
  const auto [entries, lines, leaves, words] = given;
  firn::Gathered gathered{};
  if (words.bytes != sizeof gathered) {
    napi_throw_range_error(env, nullptr, "gather takes twelve words");
    return nullptr;
  }
  std::memcpy(&gathered, words.at, sizeof gathered);
  return number(env, [&] {
    const double before = gathered.left;
    const bool whole = firn::gather(entries.at, entries.bytes, lines.at, lines.bytes, leaves.at, leaves.bytes, gathered);
    if (!whole) return -1.0;
    std::memcpy(words.at, &gathered, sizeof gathered);
    return before - gathered.left;
  });
}

/** crc32c(bytes: Uint8Array): the checksum. Only where the processor has the instruction for it. */
napi_value crc32c(napi_env env, napi_callback_info info) {
  Kernels* kernels = nullptr;
  Bytes given[1];
  if (!arguments(env, info, kernels, given)) return nullptr;
  return number(env, [&] { return static_cast<double>(firn::crc32c(given[0].at, given[0].bytes)); });
}

/** Memory that a copier writes to, kept alive by `reference`. */
struct Copier {
  Bytes to;
  napi_ref reference;
};

/** copy(at: number, from: ArrayBuffer | Uint8Array): all of `from` goes to the copier's memory from the place `at` on. */
napi_value copy(napi_env env, napi_callback_info info) {
  size_t count = 2;
  napi_value values[2];
  void* data = nullptr;
  uint32_t at = 0;
  void* from = nullptr;
  size_t bytes = 0;
  if (napi_get_cb_info(env, info, &count, values, nullptr, &data) != napi_ok || count != 2 ||
      napi_get_value_uint32(env, values[0], &at) != napi_ok ||
      (napi_get_arraybuffer_info(env, values[1], &from, &bytes) != napi_ok &&
       napi_get_typedarray_info(env, values[1], nullptr, &bytes, &from, nullptr, nullptr) != napi_ok)) {
    napi_throw_type_error(env, nullptr, "copy takes a place and an ArrayBuffer or Uint8Array");
    return nullptr;
  }
  const Bytes to = static_cast<Copier*>(data)->to;
  if (at > to.bytes || bytes > to.bytes - at) {
    napi_throw_range_error(env, nullptr, "copy has no room for what it is given");
    return nullptr;
  }
  if (bytes > 0) std::memcpy(to.at + at, from, bytes);
  return nullptr;
}

void destroyCopier(napi_env env, void* data, void*) {
  auto* copier = static_cast<Copier*>(data);
  napi_delete_reference(env, copier->reference);
  delete copier;
}

/** copier(to: Uint8Array): copy. */
napi_value copier(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value value{};
  napi_value function{};
  Kernels* kernels = nullptr;
  Bytes given[1];
  if (!arguments(env, info, kernels, given)) return nullptr;
  auto* made = new (std::nothrow) Copier{given[0], nullptr};
  if (made == nullptr || napi_get_cb_info(env, info, &count, &value, nullptr, nullptr) != napi_ok ||
      napi_create_reference(env, value, 1, &made->reference) != napi_ok ||
      napi_create_function(env, "copy", NAPI_AUTO_LENGTH, copy, made, &function) != napi_ok ||
      napi_add_finalizer(env, function, made, destroyCopier, nullptr, nullptr) != napi_ok) {
    delete made;
    napi_throw_error(env, nullptr, "Node-API refuses to make a copier");
    return nullptr;
  }
  return function;
}

/** checkLines(body, day: Uint8Array(11), walk: Uint8Array over the words of LineWalk): bytes of the body that were passed. */
napi_value checkLines(napi_env env, napi_callback_info info) {
  Kernels* kernels = nullptr;
  Bytes given[3];
  if (!arguments(env, info, kernels, given)) return nullptr;
  const auto [body, day, words] = given;
  firn::LineWalk walk{};
  if (day.bytes != dayBytes || words.bytes != sizeof walk) {
    napi_throw_range_error(env, nullptr, "checkLines takes a day and five words");
    return nullptr;
  }
  std::memcpy(&walk, words.at, sizeof walk);
  const auto size = static_cast<double>(body.bytes);
  // A time was found by this kernel or its twin, so that all of it lies in the body.
  const auto isTime = [&](double at) { return at == -1 || (at >= 0 && at <= size - leastTime); };
  if (!(walk.at >= 0 && walk.at <= size) || !isTime(walk.earliest) || !isTime(walk.latest)) {
    napi_throw_range_error(env, nullptr, "checkLines goes on from inside the body");
    return nullptr;
  }
  return number(env, [&] {
    const double from = walk.at;
    kernels->lines.check(body.at, body.bytes, day.at, walk);
    std::memcpy(words.at, &walk, sizeof walk);
    return walk.at - from;
  });
}

#if defined(FIRN_ZSTD)
/** Of canonical NDJSON, level 1 is as dense as level 3 and faster; its window is at most 512 KiB. Twin: workers/compress.ts. */
constexpr int level = 1;

double orMinusOne(size_t bytes) { return bytes == firn::Zstd::failed ? -1 : static_cast<double>(bytes); }

/** compress(content: Uint8Array, frame: Uint8Array): bytes of the frame, or −1 when there is no room for it. */
napi_value compress(napi_env env, napi_callback_info info) {
  Kernels* kernels = nullptr;
  Bytes given[2];
  if (!arguments(env, info, kernels, given)) return nullptr;
  const auto [content, frame] = given;
  return number(env, [&] {
    return orMinusOne(kernels->zstd.compress(content.at, content.bytes, frame.at, frame.bytes, level));
  });
}

/** decompress(frame: Uint8Array, content: Uint8Array): bytes of content, or −1 when it cannot be decoded or has no room. */
napi_value decompress(napi_env env, napi_callback_info info) {
  Kernels* kernels = nullptr;
  Bytes given[2];
  if (!arguments(env, info, kernels, given)) return nullptr;
  const auto [frame, content] = given;
  return number(env, [&] {
    return orMinusOne(kernels->zstd.decompress(frame.at, frame.bytes, content.at, content.bytes));
  });
}
#endif

}  // namespace

void firn::exportKernels(napi_env env, napi_value exports) {
  auto* kernels = new (std::nothrow) Kernels();
  if (kernels == nullptr || napi_set_instance_data(env, kernels, destroy, nullptr) != napi_ok) {
    delete kernels;
    return;
  }
  const auto method = [&](const char* name, napi_callback function) {
    napi_value value{};
    if (napi_create_function(env, name, NAPI_AUTO_LENGTH, function, kernels, &value) == napi_ok)
      napi_set_named_property(env, exports, name, value);
  };
  method("merkleRoot", merkleRoot);
  method("hashLines", hashLines);
  method("checkLines", checkLines);
  method("copier", copier);
  method("gather", ::gather);
  if (hasCrcInstruction()) method("crc32c", ::crc32c);
  napi_value zstd{};
#if defined(FIRN_ZSTD)
  method("compress", compress);
  method("decompress", decompress);
  const napi_status status = napi_create_string_latin1(env, Zstd::version(), NAPI_AUTO_LENGTH, &zstd);
#else
  const napi_status status = napi_get_null(env, &zstd);
#endif
  if (status == napi_ok) napi_set_named_property(env, exports, "zstd", zstd);
}
