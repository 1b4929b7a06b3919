#include "wire/text_output.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <string_view>

namespace kcap {
namespace {

uint8_t* WriteText(std::string_view text, uint8_t* out) {
  memcpy(out, text.data(), text.size());
  return out + text.size();
}

bool IsBlank(uint8_t byte) { return byte == ' ' || byte == '\t'; }

/** How many bytes at the beginning are the fold of a line: blanks, a line end, and blanks again. */
size_t FoldLength(std::span<const uint8_t> bytes) {
  size_t at = 0;
  while (at < bytes.size() && IsBlank(bytes[at])) at++;
  if (at < bytes.size() && bytes[at] == '\r') at++;
  if (at >= bytes.size() || bytes[at] != '\n') return 0;
  const size_t end = ++at;
  while (at < bytes.size() && IsBlank(bytes[at])) at++;
  return at > end ? at : 0;
}

/** Calls `each` with the bytes between folds, and with a blank for each fold. */
template <typename Each>
void BetweenFolds(std::span<const uint8_t> bytes, Each each) {
  static constexpr uint8_t kBlank[] = {' '};
  size_t begin = 0;
  for (size_t at = 0; at < bytes.size();) {
    if (!IsBlank(bytes[at]) && bytes[at] != '\r' && bytes[at] != '\n') {
      at++;
      continue;
    }
    if (const size_t fold = FoldLength(bytes.subspan(at))) {
      each(bytes.subspan(begin, at - begin));
      each(std::span(kBlank));
      begin = at += fold;
    } else {
      // What begins later among the same blanks is no fold either.
      while (at < bytes.size() && IsBlank(bytes[at])) at++;
      if (at < bytes.size() && !IsBlank(bytes[at])) at++;
    }
  }
  each(bytes.subspan(begin));
}

/** How many bytes at the beginning are a character of UTF-8; 0 where there is none, and `broken`
 * says how many of them stand for one U+FFFD (as the Encoding Standard has it). */
size_t CharacterLength(std::span<const uint8_t> bytes, size_t& broken) {
  const uint8_t first = bytes[0];
  uint8_t low = 0x80, high = 0xbf;
  size_t length;
  broken = 1;
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  if (first < 0xe0) {
    length = 2;
  } else if (first < 0xf0) {
    length = 3;
    if (first == 0xe0) low = 0xa0;
    if (first == 0xed) high = 0x9f;
  } else {
    length = 4;
    if (first == 0xf0) low = 0x90;
    if (first == 0xf4) high = 0x8f;
  }
  for (; broken < length; broken++) {
    if (broken >= bytes.size() || bytes[broken] < low || bytes[broken] > high) return 0;
    low = 0x80;
    high = 0xbf;
  }
  return length;
}

uint8_t* WriteEscaped(uint8_t byte, uint8_t* out) {
  static constexpr char kDigits[] = "0123456789abcdef";
  *out++ = '\\';
  switch (byte) {
    case '"':
    case '\\':
      *out++ = byte;
      return out;
    case '\b':
      *out++ = 'b';
      return out;
    case '\t':
      *out++ = 't';
      return out;
    case '\n':
      *out++ = 'n';
      return out;
    case '\f':
      *out++ = 'f';
      return out;
    case '\r':
      *out++ = 'r';
      return out;
    default:
      out = WriteText("u00", out);
      *out++ = static_cast<uint8_t>(kDigits[byte >> 4]);
      *out++ = static_cast<uint8_t>(kDigits[byte & 15]);
      return out;
  }
}

uint8_t* WriteAnyJson(std::span<const uint8_t> bytes, uint8_t* out) {
  while (!bytes.empty()) {
    size_t broken;
    const size_t length = CharacterLength(bytes, broken);
    if (length == 0) {
      out = WriteText("\xef\xbf\xbd", out);
      bytes = bytes.subspan(broken);
      continue;
    }
    const uint8_t first = bytes[0];
    if (first < 0x20 || first == '"' || first == '\\')
      out = WriteEscaped(first, out);
    else
      out = std::copy_n(bytes.data(), length, out);
    bytes = bytes.subspan(length);
  }
  return out;
}

/** Whether all eight stand for themselves in a JSON string: printable ASCII without quotes and
 * backslashes. Bit tricks that may say no where it is yes, but not the other way around. */
bool ArePlain(uint64_t eight) {
  constexpr uint64_t kOnes = 0x0101010101010101, kHighs = 0x8080808080808080;
  const auto has_zero = [](uint64_t value) { return (value - kOnes) & ~value & kHighs; };
  const uint64_t control = (eight - kOnes * 0x20) & ~eight & kHighs;
  const uint64_t quotes = has_zero(eight ^ (kOnes * '"'));
  const uint64_t backslashes = has_zero(eight ^ (kOnes * '\\'));
  return ((eight & kHighs) | control | quotes | backslashes) == 0;
}

bool IsPlain(uint8_t byte) { return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\'; }

/** Two digits of base64 for each 12 bits. */
struct Pairs {
  std::array<std::array<uint8_t, 2>, 4096> all;
  constexpr Pairs() : all() {
    constexpr std::string_view kDigits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < all.size(); i++)
      all[i] = {static_cast<uint8_t>(kDigits[i >> 6]), static_cast<uint8_t>(kDigits[i & 63])};
  }
};
constexpr Pairs kPairs;

uint8_t* WritePair(uint32_t bits, uint8_t* out) {
  memcpy(out, kPairs.all[bits & 0xfff].data(), 2);
  return out + 2;
}

uint8_t* WriteIpv4(const uint8_t* address, uint8_t* out) {
  for (int i = 0; i < 4; i++) {
    if (i > 0) *out++ = '.';
    out = WriteNumber(address[i], out);
  }
  return out;
}

uint8_t* WriteIpv6(const uint8_t* address, uint8_t* out) {
  static constexpr uint8_t kMapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  // An IPv4 address within IPv6 (RFC 4291, section 2.5.5.2).
  if (memcmp(address, kMapped, sizeof kMapped) == 0)
    return WriteIpv4(address + 12, WriteText("::ffff:", out));
  std::array<uint32_t, 8> groups;
  for (size_t i = 0; i < 8; i++)
    groups[i] = static_cast<uint32_t>(address[2 * i] << 8 | address[2 * i + 1]);
  // The first of the longest runs of two or more groups that are zero.
  size_t zeros = 8, length = 1;
  for (size_t i = 0; i < 8; i++) {
    size_t run = 0;
    while (i + run < 8 && groups[i + run] == 0) run++;
    if (run > length) {
      zeros = i;
      length = run;
    }
    i += run;
  }
  for (size_t i = 0; i < 8; i++) {
    if (i == zeros) {
      out = WriteText("::", out);
      i += length - 1;
      continue;
    }
    if (i > 0 && i != zeros + length) *out++ = ':';
    auto* text = reinterpret_cast<char*>(out);
    out = reinterpret_cast<uint8_t*>(std::to_chars(text, text + 4, groups[i], 16).ptr);
  }
  return out;
}

}  // namespace

uint8_t* WriteJsonString(std::span<const uint8_t> bytes, uint8_t* out) {
  uint8_t* const begin = out;
  size_t at = 0;
  for (uint64_t eight; at + sizeof eight <= bytes.size(); at += sizeof eight) {
    memcpy(&eight, bytes.data() + at, sizeof eight);
    if (!ArePlain(eight)) break;
    memcpy(out, &eight, sizeof eight);
    out += sizeof eight;
  }
  for (; at < bytes.size() && IsPlain(bytes[at]); at++) *out++ = bytes[at];
  if (at == bytes.size()) return out;
  // From the beginning: blanks before a fold belong to it.
  out = begin;
  BetweenFolds(bytes, [&](std::span<const uint8_t> part) { out = WriteAnyJson(part, out); });
  return out;
}

uint8_t* WriteUnfolded(std::span<const uint8_t> bytes, uint8_t* out) {
  BetweenFolds(bytes, [&](std::span<const uint8_t> part) {
    out = std::copy(part.begin(), part.end(), out);
  });
  return out;
}

uint8_t* WriteBase64(std::span<const uint8_t> bytes, uint8_t* out) {
  const uint8_t* from = bytes.data();
  size_t left = bytes.size();
  for (; left >= 3; from += 3, left -= 3) {
    const uint32_t bits = static_cast<uint32_t>(from[0] << 16 | from[1] << 8 | from[2]);
    out = WritePair(bits, WritePair(bits >> 12, out));
  }
  if (left == 0) return out;
  const uint32_t bits = static_cast<uint32_t>(from[0] << 16 | (left > 1 ? from[1] << 8 : 0));
  out = WritePair(bits, WritePair(bits >> 12, out));
  out[-1] = '=';
  if (left == 1) out[-2] = '=';
  return out;
}

uint8_t* WriteNumber(uint64_t number, uint8_t* out) {
  auto* text = reinterpret_cast<char*>(out);
  return reinterpret_cast<uint8_t*>(std::to_chars(text, text + kMostDigits, number).ptr);
}

uint8_t* WriteAddress(std::span<const uint8_t> address, uint8_t* out) {
  return address.size() == 4 ? WriteIpv4(address.data(), out) : WriteIpv6(address.data(), out);
}

}  // namespace kcap
