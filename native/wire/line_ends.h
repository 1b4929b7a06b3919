#pragma once

#include <napi.h>

#include <cstdint>
#include <span>

namespace kcap {

/** Where bytes have their LFs, as offsets from their beginning, in order: as many as there is room
 * for. How many that are. */
size_t FindLineEnds(std::span<const uint8_t> bytes, size_t from, std::span<int32_t> into);

void InitLineEnds(Napi::Env env, Napi::Object exports);

}  // namespace kcap
