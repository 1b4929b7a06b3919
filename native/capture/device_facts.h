#pragma once

#include <napi.h>

namespace kcap {

/**
 * deviceNames() → [name]: of each interface that libpcap knows.
 *
 * deviceFacts() → a promise of [{name, up?, running?, linkTypes?, refused?}]: what libpcap knows of
 * each interface beside its addresses. `up` and `running` are left out of what has no such state,
 * such as usbmon0. `linkTypes` are LINKTYPE_ numbers, the first one being what is captured unless
 * another one is asked for; they are left out where the interface can't be opened, as when it is
 * down. `refused`: this user may not open it.
 */
void InitDeviceFacts(Napi::Env env, Napi::Object exports);

}  // namespace kcap
