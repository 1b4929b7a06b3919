#pragma once

#include <cstdint>
#include <span>

namespace kcap {

// Bytes of messages as text. Each writes to where there is room for the most that it may write, and
// returns the end of what it has written.

/** At most so many bytes become of one. */
inline constexpr uint64_t kMostOfAJsonByte = 6;
inline constexpr size_t kMostDigits = 20;
inline constexpr size_t kMostAddressBytes = 45;

/** The content of a JSON string, as JSON.stringify has it: folded lines become one (RFC 3261,
 * section 7.3.1), and what is no UTF-8 becomes U+FFFD. */
uint8_t* WriteJsonString(std::span<const uint8_t> bytes, uint8_t* out);
/** The bytes as they are, but folded lines as one. */
uint8_t* WriteUnfolded(std::span<const uint8_t> bytes, uint8_t* out);
/** At most two bytes for each one, and four more. */
uint8_t* WriteBase64(std::span<const uint8_t> bytes, uint8_t* out);
uint8_t* WriteNumber(uint64_t number, uint8_t* out);
/** An address of 4 or 16 bytes, IPv6 as RFC 5952 has it. */
uint8_t* WriteAddress(std::span<const uint8_t> address, uint8_t* out);

}  // namespace kcap
