#include "kafka/flow_hash.h"

#include <fuzzer/FuzzedDataProvider.h>

#include <vector>

/** Frames of any link type, one after the other, since fragments are remembered. */
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  FuzzedDataProvider input(data, size);
  kcap::FlowHash one, other;
  while (input.remaining_bytes() > 0) {
    // Those that are read, and one that is not.
    const auto link_type = input.PickValueInArray({0, 1, 101, 108, 113, 147, 228, 229, 276});
    const size_t length = input.ConsumeIntegralInRange<size_t>(0, 256);
    // Memory of its own, and no more of it: a byte too far is found.
    const auto frame = input.ConsumeBytes<uint8_t>(length);
    // Captures on two machines that see one direction each have to agree.
    if (one.Of(link_type, frame) != other.Of(link_type, frame)) __builtin_trap();
  }
  return 0;
}
