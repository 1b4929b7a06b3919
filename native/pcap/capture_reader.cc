#include "pcap/capture_reader.h"

namespace kcap {

CaptureReader::CaptureReader(std::span<const uint8_t> file) : reader_(ClassicReader({})) {
  if (PcapngReader::Knows(file))
    reader_.emplace<PcapngReader>(file);
  else
    reader_.emplace<ClassicReader>(file);
}

const FilePacket* CaptureReader::Next() {
  if (auto* classic = std::get_if<ClassicReader>(&reader_)) [[likely]]
    return classic->Next();
  return std::get<PcapngReader>(reader_).Next();
}

bool CaptureReader::broken() const {
  return std::visit([](const auto& reader) { return reader.broken(); }, reader_);
}

uint32_t CaptureReader::times_out_of_range() const {
  const auto* pcapng = std::get_if<PcapngReader>(&reader_);
  return pcapng ? pcapng->times_out_of_range() : 0;
}

uint32_t CaptureReader::unknown_interfaces() const {
  const auto* pcapng = std::get_if<PcapngReader>(&reader_);
  return pcapng ? pcapng->unknown_interfaces() : 0;
}

std::span<const uint8_t> CaptureReader::PlainRest() const {
  const auto* classic = std::get_if<ClassicReader>(&reader_);
  return classic ? classic->PlainRest() : std::span<const uint8_t>();
}

}  // namespace kcap
