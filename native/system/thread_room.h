#pragma once

#include <napi.h>

namespace kcap {

/** Throws std::system_error where so many threads more can't be made now: for libraries that end
 * the process where one can't be. */
void RequireThreads(int count);

/** requireThreads(count) of src/addon/system.ts. */
void InitThreadRoom(Napi::Env env, Napi::Object exports);

}  // namespace kcap
