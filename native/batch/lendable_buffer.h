#pragma once

#include <napi.h>

#include <cstdint>
#include <memory>

#include "batch/batch_memory.h"

namespace kcap {

/** lendableBuffer() and isLent() of `src/addon/batch.ts`. */
void InitLendableBuffer(Napi::Env env, Napi::Object exports);

/** All of a batch's memory. The Buffer owns a share of it: one that is kept too long shows other
 * bytes, never freed ones. */
Napi::Buffer<uint8_t> BufferOf(Napi::Env env, const std::shared_ptr<BatchMemory>& memory);

}  // namespace kcap
