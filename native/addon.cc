// The codec as JavaScript sees it: `create(descriptor, state)`, which makes an `encode` for some streams. With kernels.cc
// the only file that knows Node-API. What JavaScript hands in is checked here; no C++ exception leaves this file.

#include <node_api.h>

#include <atomic>
#include <cmath>
#include <exception>
#include <memory>

#include "codec.h"
#include "kernels.h"
#include "number.h"

namespace {

using firn::Area;

/** Grows with every change of what workers/native.ts and this file say to each other. */
constexpr int32_t protocol = 4;

/** A codec and the state words that it shares with its wrapper, whose memory `reference` keeps alive. */
struct Instance {
  firn::Codec codec;
  firn::State* state;
  napi_ref reference = nullptr;
};

/** A Uint8Array, or an Int32Array of one word. False: a TypeError is pending. */
bool areaOf(napi_env env, napi_value value, napi_typedarray_type wanted, Area& area) {
  napi_typedarray_type type{};
  size_t length = 0;
  void* data = nullptr;
  if (napi_get_typedarray_info(env, value, &type, &length, &data, nullptr, nullptr) != napi_ok || type != wanted) {
    napi_throw_type_error(env, nullptr, "the native codec takes typed arrays");
    return false;
  }
  area = {static_cast<uint8_t*>(data), wanted == napi_int32_array ? 4 * length : length};
  return true;
}

/** Tells a frame by storing its index in a control word. */
struct ToWord final : firn::Begin {
  std::atomic_ref<int32_t> word;
  explicit ToWord(int32_t& at) : word(at) {}
  bool operator()(uint32_t frame) override {
    word.store(static_cast<int32_t>(frame));
    return true;
  }
};

/** Tells a frame by calling a function. */
struct ToFunction final : firn::Begin {
  napi_env env;
  napi_value function;
  ToFunction(napi_env env_, napi_value function_) : env(env_), function(function_) {}
  bool operator()(uint32_t frame) override {
    napi_handle_scope scope{};
    napi_value self{};
    napi_value index{};
    if (napi_open_handle_scope(env, &scope) != napi_ok) return false;
    const bool good = napi_get_undefined(env, &self) == napi_ok && napi_create_uint32(env, frame, &index) == napi_ok &&
                      napi_call_function(env, self, function, 1, &index, nullptr) == napi_ok;
    napi_close_handle_scope(env, scope);
    return good;
  }
};

/** encode(input, rejects, out, word | begin): bytes written. The cursor and the rest are in the state words. */
napi_value encode(napi_env env, napi_callback_info info) {
  size_t count = 4;
  napi_value arguments[4];
  void* data = nullptr;
  if (napi_get_cb_info(env, info, &count, arguments, nullptr, &data) != napi_ok || count != 4) {
    napi_throw_type_error(env, nullptr, "encode takes four arguments");
    return nullptr;
  }
  auto* instance = static_cast<Instance*>(data);
  Area input{}, rejects{}, out{}, word{};
  if (!areaOf(env, arguments[0], napi_uint8_array, input) || !areaOf(env, arguments[1], napi_uint8_array, rejects) ||
      !areaOf(env, arguments[2], napi_uint8_array, out)) {
    return nullptr;
  }
  napi_valuetype type{};
  napi_typeof(env, arguments[3], &type);
  try {
    size_t written = 0;
    if (type == napi_function) {
      ToFunction begin(env, arguments[3]);
      written = instance->codec.encode(*instance->state, input, rejects, out, begin);
    } else {
      if (!areaOf(env, arguments[3], napi_int32_array, word)) return nullptr;
      if (word.bytes != 4) throw std::runtime_error("the control word is one word");
      ToWord begin(*reinterpret_cast<int32_t*>(word.at));
      written = instance->codec.encode(*instance->state, input, rejects, out, begin);
    }
    napi_value result{};
    return napi_create_double(env, static_cast<double>(written), &result) == napi_ok ? result : nullptr;
  } catch (const std::exception& error) {
    napi_throw_error(env, nullptr, error.what());
    return nullptr;
  }
}

void destroy(napi_env env, void* data, void*) {
  auto* instance = static_cast<Instance*>(data);
  napi_delete_reference(env, instance->reference);
  delete instance;
}

/** create(descriptor: Uint8Array, state: Int32Array(6)): encode. */
napi_value create(napi_env env, napi_callback_info info) {
  size_t count = 2;
  napi_value arguments[2];
  Area descriptor{}, state{};
  if (napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr) != napi_ok || count != 2 ||
      !areaOf(env, arguments[0], napi_uint8_array, descriptor) || !areaOf(env, arguments[1], napi_int32_array, state)) {
    return nullptr;
  }
  try {
    if (state.bytes != sizeof(firn::State)) throw std::runtime_error("the state has six words");
    auto instance = std::make_unique<Instance>(Instance{firn::Codec(firn::readStreams(descriptor.at, descriptor.bytes)),
                                                        reinterpret_cast<firn::State*>(state.at)});
    napi_value function{};
    if (napi_create_reference(env, arguments[1], 1, &instance->reference) != napi_ok ||
        napi_create_function(env, "encode", NAPI_AUTO_LENGTH, encode, instance.get(), &function) != napi_ok ||
        napi_add_finalizer(env, function, instance.get(), destroy, nullptr, nullptr) != napi_ok) {
      throw std::runtime_error("Node-API refuses to make a codec");
    }
    instance.release();
    return function;
  } catch (const std::exception& error) {
    napi_throw_error(env, nullptr, error.what());
    return nullptr;
  }
}

/** hash(message: Uint8Array, digest: Uint8Array(32)) by the portable way, which not every processor would show. */
napi_value hash(napi_env env, napi_callback_info info) {
  size_t count = 2;
  napi_value arguments[2];
  Area message{}, digest{};
  if (napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr) != napi_ok || count != 2 ||
      !areaOf(env, arguments[0], napi_uint8_array, message) || !areaOf(env, arguments[1], napi_uint8_array, digest)) {
    return nullptr;
  }
  if (digest.bytes == 32) firn::sha256Portable({message.at, message.bytes, digest.at});
  return nullptr;
}

/** numberText(value): as the codec writes it. */
napi_value numberText(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value argument{};
  double value = 0;
  napi_value text{};
  uint8_t bytes[firn::numberBytes];
  if (napi_get_cb_info(env, info, &count, &argument, nullptr, nullptr) != napi_ok ||
      napi_get_value_double(env, argument, &value) != napi_ok) {
    return nullptr;
  }
  if (!std::isfinite(value)) {
    napi_throw_range_error(env, nullptr, "numberText takes a finite number");
    return nullptr;
  }
  const size_t written = firn::writeNumber(value, bytes);
  return napi_create_string_latin1(env, reinterpret_cast<const char*>(bytes), written, &text) == napi_ok ? text : nullptr;
}

}  // namespace

NAPI_MODULE_INIT() {
  const auto method = [&](const char* name, napi_callback function) {
    napi_value value{};
    if (napi_create_function(env, name, NAPI_AUTO_LENGTH, function, nullptr, &value) == napi_ok)
      napi_set_named_property(env, exports, name, value);
  };
  method("create", create);
  method("hash", hash);
  method("numberText", numberText);
  firn::exportKernels(env, exports);
  napi_value value{};
  if (napi_create_int32(env, protocol, &value) == napi_ok) napi_set_named_property(env, exports, "protocol", value);
  if (napi_get_boolean(env, firn::hasShaInstructions(), &value) == napi_ok)
    napi_set_named_property(env, exports, "shaInstructions", value);
  return exports;
}
