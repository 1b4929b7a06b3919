#pragma once

#include <napi.h>

namespace kcap {

/**
 * groupMembers(properties, group, timeoutMs) → Promise of a consumer group's members as [{clientId,
 * host}], none where there is no such group; or of the name of the error for which they are not
 * known.
 */
void InitGroupLookup(Napi::Env env, Napi::Object exports);

}  // namespace kcap
