#include "wire/message_form.h"

#include <stdexcept>
#include <vector>

#include "wire/text_output.h"

namespace {

constexpr size_t kColumns = 8;
using kcap::MessageForm;

void Require(bool condition) {
  if (!condition) __builtin_trap();
}

/** Numbers that are small where they can be: most of others are refused at once. */
int32_t NumberOf(uint8_t byte) {
  return byte < 0xf0 ? byte % 40 - 2
                     : static_cast<int32_t>(0x7fffff00u + byte) * (byte & 1 ? 1 : -1);
}

/** Rows of any numbers in forms of any steps: they fit, or are refused. */
void WriteAny(const uint8_t* data, size_t size) {
  const size_t count = data[0] % 16;
  data++;
  size--;
  if (size < count * 5 + kColumns) return;
  std::vector<MessageForm::Step> steps;
  for (size_t i = 0; i < count; i++, data += 5, size -= 5)
    steps.push_back(
        {data[0] % 26, NumberOf(data[1]), NumberOf(data[2]), NumberOf(data[3]), NumberOf(data[4])});
  std::vector<int32_t> row;
  for (size_t i = 0; i < kColumns; i++) row.push_back(NumberOf(data[i]));
  data += kColumns;
  size -= kColumns;
  // Memory of its own, and no more of it: a byte too far is found.
  const std::vector<uint8_t> literals(40, 'l'), one(data, data + size / 2),
      other(data + size / 2, data + size);
  const std::vector<std::span<const uint8_t>> sources{one, other};
  try {
    const MessageForm form(steps, literals, kColumns);
    for (size_t room = 16; room <= 64 * 1024; room *= 8) {
      std::vector<uint8_t> out(room);
      const auto written = form.Write(row, sources, out);
      Require(!written || written->bytes <= room);
    }
  } catch (const std::invalid_argument&) {
  } catch (const std::out_of_range&) {
  }
}

/** The most that is said to become of bytes is. */
void WriteTexts(std::span<const uint8_t> bytes) {
  std::vector<uint8_t> json(bytes.size() * kcap::kMostOfAJsonByte + 1);
  const auto* end = kcap::WriteJsonString(bytes, json.data());
  for (const auto* at = json.data(); at < end; at++) Require(*at >= 0x20);
  std::vector<uint8_t> base64(2 * bytes.size() + 4);
  Require(kcap::WriteBase64(bytes, base64.data()) == base64.data() + (bytes.size() + 2) / 3 * 4);
  std::vector<uint8_t> unfolded(bytes.size() + 1);
  Require(kcap::WriteUnfolded(bytes, unfolded.data()) <= unfolded.data() + bytes.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::vector<uint8_t> bytes(data, data + size);
  WriteTexts(bytes);
  WriteAny(data, size);
  return 0;
}
