#include "wire/message_form.h"

#include <endian.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "wire/text_output.h"

namespace kcap {
namespace {

constexpr size_t kFramePrefixBytes = 24;
constexpr size_t kHeaderPrefixBytes = 8;
constexpr size_t kReferencePrefixBytes = 12;
constexpr uint32_t kRefers = 0x80000000;

void Require(bool condition) {
  if (!condition) throw std::invalid_argument("a step refers to what is not there");
}

void NeedSlot(int32_t slot) { Require(slot >= MessageForm::kNoSlot && slot < MessageForm::kSlots); }

void PutBigEndian16(uint8_t* at, size_t number) {
  at[0] = static_cast<uint8_t>(number >> 8);
  at[1] = static_cast<uint8_t>(number);
}

void PutNumber(uint8_t* at, size_t number) {
  const uint32_t little = htole32(static_cast<uint32_t>(number));
  memcpy(at, &little, sizeof little);
}

}  // namespace

MessageForm::MessageForm(std::vector<Step> steps, std::vector<uint8_t> literals, size_t columns)
    : steps_(std::move(steps)), literals_(std::move(literals)), columns_(columns) {
  for (size_t i = 0; i < steps_.size(); i++) Check(steps_[i], steps_.size() - 1 - i);
}

void MessageForm::NeedColumns(int32_t at, size_t count) const {
  Require(at >= 0 && static_cast<size_t>(at) + count <= columns_);
}

void MessageForm::NeedLiteral(const Step& step) const {
  Require(step.a >= 0 && step.b >= 0 &&
          static_cast<size_t>(step.a) + static_cast<size_t>(step.b) <= literals_.size());
  // A header's name and the length of its value are told apart by a bit.
  Require(static_cast<uint32_t>(step.b) < kRefers);
}

void MessageForm::AddField(const Step& step, uint64_t most) {
  NeedColumns(step.a, 2);
  NeedColumns(step.b, 1);
  fields_.push_back({static_cast<size_t>(step.a), static_cast<size_t>(step.b), most});
}

void MessageForm::AddAddress(const Step& step) {
  for (const int32_t column : {step.a, step.b, step.c}) NeedColumns(column, 1);
  addresses_.push_back(
      {static_cast<size_t>(step.a), static_cast<size_t>(step.b), static_cast<size_t>(step.c)});
  most_fixed_bytes_ += kMostAddressBytes;
}

void MessageForm::Check(const Step& step, size_t following) {
  switch (step.operation) {
    case kLiteral:
    case kHeaders:
      NeedLiteral(step);
      most_fixed_bytes_ += static_cast<uint64_t>(step.b);
      return;
    case kRaw:
      return AddField(step, 1);
    case kRawHeaders:
      NeedColumns(step.c, 1);
      return AddField(step, 1);
    case kJson:
      NeedSlot(step.c);
      // What was escaped comes again in a header, as it is.
      return AddField(step, kMostOfAJsonByte + 1);
    case kBase64:
      most_fixed_bytes_ += 4;
      return AddField(step, 2);
    case kNumber:
      NeedColumns(step.a, 1);
      NeedSlot(step.b);
      most_fixed_bytes_ += kMostDigits;
      return;
    case kMilliseconds:
    case kMicroseconds:
      NeedSlot(step.b);
      [[fallthrough]];
    case kLength:
      NeedColumns(step.a, 2);
      most_fixed_bytes_ += kMostDigits;
      return;
    case kAddress:
      NeedSlot(step.d);
      return AddAddress(step);
    case kSkipUnless:
      NeedColumns(step.a, 1);
      return Require(step.b >= 0 && static_cast<size_t>(step.b) <= following);
    case kFrame:
      most_fixed_bytes_ += kFramePrefixBytes;
      return;
    case kHeader: {
      NeedLiteral(step);
      Require(step.c >= 0 && step.c < kSlots);
      const uint32_t slot = uint32_t{1} << step.c;
      // The bytes of a slot have room in one header.
      Require((slots_of_headers_ & slot) == 0);
      slots_of_headers_ |= slot;
      most_fixed_bytes_ += kReferencePrefixBytes + static_cast<uint64_t>(step.b);
      return;
    }
    case kEndFrame:
      return NeedColumns(step.a, 2);
    case kBigEndian:
      NeedColumns(step.a, 1);
      Require(step.b == 1 || step.b == 2 || step.b == 4);
      most_fixed_bytes_ += static_cast<uint64_t>(step.b);
      return;
    case kLengthBytes:
      NeedColumns(step.a, 2);
      Require(step.c >= 0);
      most_fixed_bytes_ += 2;
      return;
    case kAddressBytes:
      return AddAddress(step);
    case kSkipUnlessIs:
      NeedColumns(step.a, 1);
      return Require(step.b >= 0 && static_cast<size_t>(step.b) <= following);
    case kSkipIfEmpty:
      NeedColumns(step.a, 2);
      return Require(step.b >= 0 && static_cast<size_t>(step.b) <= following);
    case kWholeLength:
      return Require(step.a >= 0);
    case kDropComma:
    case kEndKey:
    case kEndValue:
      return;
    default:
      Require(false);
  }
}

/** How long what the row says may become. */
uint64_t MessageForm::MostBytes(std::span<const int32_t> row, Sources sources) const {
  const auto size_of = [&](int32_t source) {
    if (source < 0 || static_cast<size_t>(source) >= sources.size())
      throw std::out_of_range("there is no such source");
    return static_cast<int64_t>(sources[static_cast<size_t>(source)].size());
  };
  uint64_t most = most_fixed_bytes_;
  for (const auto& field : fields_) {
    const int64_t start = row[field.at], end = row[field.at + 1];
    if (start < 0) continue;
    if (end < start || end > size_of(row[field.source]))
      throw std::out_of_range("a field is not in its source");
    most += field.most * static_cast<uint64_t>(end - start);
  }
  for (const auto& address : addresses_) {
    const int64_t at = row[address.at], length = row[address.length];
    if (at < 0 || (length != 4 && length != 16) || at + length > size_of(row[address.source]))
      throw std::out_of_range("an address is not in its source");
  }
  return most;
}

/** A row on its way out. That there is room for it has been looked at. */
class MessageForm::Writing {
 public:
  Writing(const MessageForm& form, std::span<const int32_t> row, Sources sources, uint8_t* out)
      : form_(form), row_(row), sources_(sources), begin_(out), out_(out) {
    BeginFrame();
  }

  Written Run() {
    const auto& steps = form_.steps_;
    for (size_t i = 0; i < steps.size(); i++) {
      const Step& step = steps[i];
      if (LeavesOut(step))
        i += static_cast<size_t>(step.b);
      else
        Do(step);
    }
    return {static_cast<size_t>(out_ - begin_), static_cast<size_t>(value_end_ - key_end_)};
  }

 private:
  struct Slot {
    const uint8_t *start, *end;
    std::span<const uint8_t> bytes;  // where a header has these instead
  };

  /** Whether the steps behind this one are left out. */
  bool LeavesOut(const Step& step) const {
    switch (step.operation) {
      case kSkipUnless:
        return Number(step.a) < 0;
      case kSkipUnlessIs:
        return Number(step.a) != step.c;
      case kSkipIfEmpty:
        return Length(step.a) == 0;
      default:
        return false;
    }
  }

  void Do(const Step& step) {
    const uint8_t* const start = out_;
    switch (step.operation) {
      case kLiteral:
        return Put(Literal(step));
      case kRaw:
        return Put(Bytes(step));
      case kJson: {
        const auto bytes = Bytes(step);
        out_ = WriteJsonString(bytes, out_);
        const bool is_same = static_cast<size_t>(out_ - start) == bytes.size() &&
                             std::equal(bytes.begin(), bytes.end(), start);
        return Fill(step.c, {start, out_, is_same ? std::span<const uint8_t>() : bytes});
      }
      case kBase64:
        out_ = WriteBase64(Bytes(step), out_);
        return;
      case kNumber:
        out_ = WriteNumber(Unsigned(step.a), out_);
        return Fill(step.b, {start, out_, {}});
      case kLength:
        out_ = WriteNumber(Length(step.a), out_);
        return;
      case kMilliseconds:
        out_ = WriteNumber(Milliseconds(step.a), out_);
        return Fill(step.b, {start, out_, {}});
      case kMicroseconds:
        out_ = WriteNumber(Unsigned(step.a) * 1'000'000 + Unsigned(step.a + 1), out_);
        return Fill(step.b, {start, out_, {}});
      case kAddress:
        out_ = WriteAddress(Source(step.c).subspan(Unsigned(step.a), Unsigned(step.b)), out_);
        return Fill(step.d, {start, out_, {}});
      case kDropComma:
        if (out_ > begin_ && out_[-1] == ',') out_--;
        return;
      case kFrame:
        BeginFrame();
        out_ += kFramePrefixBytes;
        return;
      case kEndKey:
        key_end_ = out_;
        return;
      case kEndValue:
        value_end_ = out_;
        return;
      case kHeaders:
        Put(Literal(step));
        headers_ += Index(step.c);
        return;
      case kRawHeaders:
        Put(Bytes(step));
        headers_ += Unsigned(step.c);
        return;
      case kHeader:
        return PutHeader(step);
      case kEndFrame:
        return EndFrame(step);
      case kBigEndian:
        for (int32_t shift = 8 * (step.b - 1); shift >= 0; shift -= 8)
          *out_++ = static_cast<uint8_t>(Unsigned(step.a) >> shift);
        return;
      case kLengthBytes:
        PutBigEndian16(out_, Length(step.a) + Index(step.c));
        out_ += 2;
        return;
      case kAddressBytes:
        return Put(Source(step.c).subspan(Unsigned(step.a), Unsigned(step.b)));
      case kWholeLength:
        // Only where so much has been written there is a place for it.
        if (out_ - begin_ >= int64_t{step.a} + 2)
          PutBigEndian16(begin_ + step.a, static_cast<size_t>(out_ - begin_));
        return;
    }
  }

  void BeginFrame() {
    frame_ = out_;
    key_end_ = value_end_ = out_;
    headers_ = 0;
    filled_ = 0;
  }

  void EndFrame(const Step& step) {
    // Only where a frame has begun there is a place for its prefix.
    if (key_end_ < frame_ + kFramePrefixBytes || value_end_ < key_end_) return;
    PutNumber(frame_, static_cast<size_t>(out_ - frame_));
    PutNumber(frame_ + 4, static_cast<size_t>(key_end_ - frame_) - kFramePrefixBytes);
    PutNumber(frame_ + 8, static_cast<size_t>(value_end_ - key_end_));
    PutNumber(frame_ + 12, headers_);
    const uint64_t time = htole64(Milliseconds(step.a));
    memcpy(frame_ + 16, &time, sizeof time);
  }

  void PutHeader(const Step& step) {
    if ((filled_ >> step.c & 1) == 0) return;
    const Slot& slot = slots_[Index(step.c)];
    const auto name = Literal(step);
    headers_++;
    uint8_t* const prefix = out_;
    if (slot.bytes.empty()) {
      PutNumber(prefix, name.size() | kRefers);
      PutNumber(prefix + 4, static_cast<size_t>(slot.end - slot.start));
      PutNumber(prefix + 8, static_cast<size_t>(slot.start - frame_));
      out_ += kReferencePrefixBytes;
      return Put(name);
    }
    out_ += kHeaderPrefixBytes;
    Put(name);
    const uint8_t* const value = out_;
    out_ = WriteUnfolded(slot.bytes, out_);
    PutNumber(prefix, name.size());
    PutNumber(prefix + 4, static_cast<size_t>(out_ - value));
  }

  void Put(std::span<const uint8_t> bytes) {
    // Of nothing there may be no address.
    if (!bytes.empty()) memcpy(out_, bytes.data(), bytes.size());
    out_ += bytes.size();
  }

  void Fill(int32_t slot, const Slot& with) {
    if (slot == kNoSlot) return;
    slots_[Index(slot)] = with;
    filled_ |= uint32_t{1} << slot;
  }

  std::span<const uint8_t> Literal(const Step& step) const {
    return std::span(form_.literals_).subspan(Index(step.a), Index(step.b));
  }

  /** None where the field is missing. */
  std::span<const uint8_t> Bytes(const Step& step) const {
    const int32_t start = Number(step.a);
    if (start < 0) return {};
    return Source(step.b).subspan(Index(start), Index(Number(step.a + 1) - start));
  }

  std::span<const uint8_t> Source(int32_t column) const { return sources_[Index(Number(column))]; }
  int32_t Number(int32_t column) const { return row_[Index(column)]; }
  uint64_t Unsigned(int32_t column) const { return static_cast<uint32_t>(Number(column)); }
  uint64_t Length(int32_t column) const {
    const int64_t start = Number(column), end = Number(column + 1);
    return start >= 0 && end > start ? static_cast<uint64_t>(end - start) : 0;
  }
  uint64_t Milliseconds(int32_t column) const {
    return Unsigned(column) * 1000 + Unsigned(column + 1) / 1000;
  }
  static size_t Index(int32_t number) { return static_cast<size_t>(number); }

  const MessageForm& form_;
  const std::span<const int32_t> row_;
  Sources sources_;
  uint8_t* const begin_;
  uint8_t* out_;
  uint8_t* frame_;
  const uint8_t *key_end_, *value_end_;
  size_t headers_;
  uint32_t filled_;
  std::array<Slot, kSlots> slots_;
};

std::optional<MessageForm::Written> MessageForm::Write(std::span<const int32_t> row,
                                                       Sources sources,
                                                       std::span<uint8_t> out) const {
  if (row.size() != columns_) throw std::out_of_range("a row has other columns");
  if (MostBytes(row, sources) > out.size()) return std::nullopt;
  return Writing(*this, row, sources, out.data()).Run();
}

}  // namespace kcap
