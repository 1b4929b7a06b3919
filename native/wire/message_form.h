#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace kcap {

/**
 * The form in which messages are reported, as steps that TypeScript has chosen
 * (src/reports/message-form.ts): constants, and the fields of a row of numbers. A field is
 * a number, or where bytes begin and end in one of the sources. All that is done here is to copy
 * and escape what steps and row say.
 */
class MessageForm {
 public:
  /** What a step does with its numbers, a to d. Fields are named by their first column; a field of
   * bytes with a negative beginning is missing. */
  enum Operation : int32_t {
    kLiteral,       // constants: a where, b bytes
    kRaw,           // bytes as they are: a field, b column of their source
    kJson,          // bytes as the content of a JSON string: a, b as above, c slot
    kBase64,        // a, b as above
    kNumber,        // a column, b slot
    kLength,        // how many bytes a field has: a
    kMilliseconds,  // since 1970: a column of seconds, then of microseconds; b slot
    kMicroseconds,  // the same
    kAddress,       // as text: a column of where it is, b of how long, c of its source, d slot
    kSkipUnless,    // where the number in column a is negative, b steps are left out
    kDropComma,     // takes back what was written last, if it is a comma
    kFrame,         // a message as framed_message.h has it begins. Its key follows, up to
    kEndKey,        // here; its value, up to
    kEndValue,      // here; its headers, each of which is
    kHeaders,       // constants that were framed before: a where, b bytes, c how many headers
    kRawHeaders,    // such ones out of a source: a field, b column of the source, c of how many
    kHeader,        // a constant name: a where, b bytes; and what slot c has, if it has anything
    kEndFrame,      // a column of seconds, then of microseconds: the message's time
    kBigEndian,     // the number in column a, in b bytes: 1, 2 or 4
    kLengthBytes,   // how many bytes a field has, and c more, in two bytes: a field
    kAddressBytes,  // an address as it is: a column of where it is, b of how long, c of its source
    kSkipUnlessIs,  // where the number in column a is not c, b steps are left out
    kSkipIfEmpty,   // where the field a has no bytes, b steps are left out
    kWholeLength,   // at a bytes behind the message's beginning: two bytes, how long it has become
  };
  struct Step {
    int32_t operation, a, b, c, d;
  };
  /** Where a step has written something, for a header: so many slots. */
  static constexpr int32_t kSlots = 32;
  static constexpr int32_t kNoSlot = -1;
  using Sources = std::span<const std::span<const uint8_t>>;

  /** Throws std::invalid_argument where a step refers to what is not there. `columns`: of a row. */
  MessageForm(std::vector<Step> steps, std::vector<uint8_t> literals, size_t columns);
  MessageForm(const MessageForm&) = delete;
  MessageForm& operator=(const MessageForm&) = delete;

  size_t columns() const { return columns_; }
  struct Written {
    size_t bytes;
    size_t value_bytes;  // of a framed message
  };
  /** Writes what a row of `columns()` numbers says; nothing where there may be too little room.
   * Throws std::out_of_range where that is in no source. */
  std::optional<Written> Write(std::span<const int32_t> row, Sources sources,
                               std::span<uint8_t> out) const;

 private:
  class Writing;
  /** A field of bytes, and the column of its source. */
  struct Field {
    size_t at, source;
    uint64_t most;  // that becomes of each byte
  };
  struct Address {
    size_t at, length, source;
  };

  void Check(const Step& step, size_t following);
  void AddField(const Step& step, uint64_t most);
  void AddAddress(const Step& step);
  void NeedColumns(int32_t at, size_t count) const;
  void NeedLiteral(const Step& step) const;
  uint64_t MostBytes(std::span<const int32_t> row, Sources sources) const;

  const std::vector<Step> steps_;
  const std::vector<uint8_t> literals_;
  const size_t columns_;
  std::vector<Field> fields_;
  std::vector<Address> addresses_;
  uint32_t slots_of_headers_ = 0;
  uint64_t most_fixed_bytes_ = 0;
};

}  // namespace kcap
