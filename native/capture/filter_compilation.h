#pragma once

#include <napi.h>

namespace kcap {

/**
 * CaptureFilter.compile(expression, linkType, snapLength) → Promise of a CaptureFilter: compiles on
 * a thread of its own, since long expressions take seconds, and names of hosts what their server
 * takes. Rejects with libpcap's text.
 */
Napi::Value CompileCaptureFilter(const Napi::CallbackInfo& info);

}  // namespace kcap
