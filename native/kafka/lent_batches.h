#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "batch/batch_memory.h"

namespace kcap {

/**
 * Batches whose packets librdkafka sends from where they lie. To copy each packet instead is most
 * of what a message costs here: it makes the messages under way too large for the processor's
 * cache. One thread's.
 */
class LentBatches {
 public:
  /** Begins with records that are about to be produced. False where each is to be copied: their
   * memory is no batch's, or would be held for the sake of a few bytes, or enough is held. */
  bool Begin(std::span<const uint8_t> records);
  /** librdkafka has taken a message whose value lies in the records. */
  void Took() { loans_.back().messages++; }
  /** No more of them follow. */
  void End();
  /** librdkafka is done with a message that has this value, in a batch or elsewhere. */
  void Return(const void* value);
  /** The client is gone, and with it all of its messages. */
  void Clear() { loans_.clear(); }

 private:
  struct Lent {
    BatchMemory::Loan loan;
    size_t messages = 0;
  };

  /** In the order in which they began, in which they mostly end. */
  std::vector<Lent> loans_;
  bool adds_ = false;  // to the last of them
};

}  // namespace kcap
