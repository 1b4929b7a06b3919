#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <cstdint>
#include <ctime>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "capture/own/allowance.h"
#include "capture/own/connection_table.h"
#include "capture/own/cuttable_memory.h"

namespace kcap {

/** The table of another process of kcap, mapped for reading. */
class ForeignTable {
 public:
  /** Null where the file is none of a table that can be trusted to be its folder's owner's. */
  static std::shared_ptr<ForeignTable> Open(const std::string& path, uid_t owner);
  ~ForeignTable();
  ForeignTable(const ForeignTable&) = delete;
  ForeignTable& operator=(const ForeignTable&) = delete;

  const ConnectionTable& table() const {
    return *static_cast<const ConnectionTable*>(memory_.address());
  }
  uint64_t inode() const { return inode_; }
  uid_t owner() const { return owner_; }
  /** Whether its word is taken for all it says: root's, and that of whom this process is. */
  bool trusted() const { return trusted_; }
  /** Whether its process still runs. */
  bool LooksAlive();
  /** Whether it has not run for so long that its kernel sends nothing for it any more. */
  bool IsOver() const;

 private:
  ForeignTable(int fd, uint64_t inode, uid_t owner);

  const int fd_;
  const CuttableMemory memory_;
  const uint64_t inode_;
  const uid_t owner_;
  const bool trusted_;
  uint32_t ended_at_ = 0;
};

/** A folder whose change is asked for again and again: it is open, so that no path is walked. */
class OpenFolder {
 public:
  enum class Links { kFollow, kRefuse };

  OpenFolder(const std::string& path, Links links);
  OpenFolder(OpenFolder&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  OpenFolder& operator=(OpenFolder&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~OpenFolder();

  /** Nothing where there is none. */
  std::optional<struct stat> About() const;

 private:
  int fd_;
};

struct KcapProcess {
  std::shared_ptr<ForeignTable> table;
  bool alive;
};

/** The other processes of kcap on this host, as the files in shared memory tell. */
class KcapProcesses {
 public:
  using List = std::shared_ptr<const std::vector<KcapProcess>>;

  KcapProcesses();
  static KcapProcesses& Get();
  /** Those that are there now: costs little where nothing has changed since the last call. */
  List Look();

 private:
  struct Folder {
    std::string path;
    OpenFolder open;
    uid_t owner;
    timespec changed;
  };

  bool HasChanged(const timespec& now);
  void ScanFolders();
  bool HasRoomFor(uid_t owner) const;
  void ScanFolder(const Folder& folder);

  std::mutex mutex_;
  std::vector<Folder> folders_;
  OpenFolder shared_memory_;  // the folder of folders
  timespec changed_{};        // that one
  timespec scanned_at_{};     // wall clock, as that of files
  Allowance scanning_;
  uint32_t looked_at_ = 0;
  List list_ = std::make_shared<const std::vector<KcapProcess>>();
  std::vector<std::shared_ptr<ForeignTable>> tables_;
};

}  // namespace kcap
