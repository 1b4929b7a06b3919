#pragma once

#include <napi.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "kafka/message_intake.h"
#include "kafka/partition_reads.h"
#include "kafka/time_window.h"

namespace kcap {

// What `new BatchConsumer(options)` is given.

/** Empty where it is undefined. */
std::string TextIn(Napi::Object options, const char* name);
MessageReading ReadingIn(Napi::Object options);
std::map<int32_t, PartitionReads::Read> ReadsIn(Napi::Object options);
std::optional<TimeWindow> WindowIn(Napi::Object options);

}  // namespace kcap
