#include "capture/own/kcap_processes.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>

#include "capture/own/own_connections.h"

namespace kcap {
namespace {

// Where others may make files, they must not make a scan long.
constexpr int kMostEntries = 4096;
constexpr size_t kMostTables = 256;
constexpr size_t kMostTablesOfTrusted = 128;  // besides
constexpr ptrdiff_t kMostTablesOfAnother = 32;
constexpr std::chrono::milliseconds kScanningASecond(100);
// A file's time is that of the last tick: a change right after a look may not show.
constexpr int64_t kTimesSettleNs = 50'000'000;

int64_t Nanoseconds(const timespec& time) {
  return time.tv_sec * INT64_C(1'000'000'000) + time.tv_nsec;
}

timespec ChangeOf(const OpenFolder& folder) {
  const auto about = folder.About();
  return about ? about->st_mtim : timespec{};
}

/** Calls visit(name) for each entry of a folder. */
template <typename Visitor>
void ForEachEntry(const std::string& folder, Visitor visit) {
  const std::unique_ptr<DIR, int (*)(DIR*)> open(opendir(folder.c_str()), closedir);
  if (!open) return;
  int entries = 0;
  while (const dirent* entry = readdir(open.get())) {
    if (++entries > kMostEntries) return;
    if (entry->d_name[0] != '.') visit(std::string(entry->d_name));
  }
}

uid_t StartedAs() {
  static const uid_t user = geteuid();
  return user;
}

bool IsTrusted(uid_t owner) { return owner == 0 || owner == StartedAs() || owner == geteuid(); }

}  // namespace

std::shared_ptr<ForeignTable> ForeignTable::Open(const std::string& path, uid_t owner) {
  const int fd = open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return nullptr;
  struct stat about;
  if (fstat(fd, &about) != 0 || !S_ISREG(about.st_mode) || about.st_uid != owner ||
      (about.st_mode & (S_IWGRP | S_IWOTH)) != 0 || about.st_size != sizeof(ConnectionTable)) {
    close(fd);
    return nullptr;
  }
  const std::shared_ptr<ForeignTable> opened(new ForeignTable(fd, about.st_ino, owner));
  return opened->memory_.address() ? opened : nullptr;
}

ForeignTable::ForeignTable(int fd, uint64_t inode, uid_t owner)
    : fd_(fd),
      memory_(fd, sizeof(ConnectionTable)),
      inode_(inode),
      owner_(owner),
      trusted_(IsTrusted(owner)) {}

ForeignTable::~ForeignTable() { close(fd_); }

bool ForeignTable::LooksAlive() {
  if (ended_at_ != 0) return false;
  // Its process holds the lock for as long as it lives.
  if (flock(fd_, LOCK_SH | LOCK_NB) != 0) return true;
  ended_at_ = std::max(SecondsSinceBoot(), 1u);
  return false;
}

bool ForeignTable::IsOver() const {
  return ended_at_ != 0 && SecondsSinceBoot() - ended_at_ > ConnectionTable::kClosedSeconds;
}

OpenFolder::OpenFolder(const std::string& path, Links links)
    : fd_(open(path.c_str(),
               O_PATH | O_DIRECTORY | O_CLOEXEC | (links == Links::kRefuse ? O_NOFOLLOW : 0))) {}

OpenFolder::~OpenFolder() {
  if (fd_ >= 0) close(fd_);
}

std::optional<struct stat> OpenFolder::About() const {
  struct stat about;
  return fd_ >= 0 && fstat(fd_, &about) == 0 ? std::optional(about) : std::nullopt;
}

KcapProcesses::KcapProcesses()
    : shared_memory_(kSharedMemory, OpenFolder::Links::kFollow), scanning_(kScanningASecond) {}

KcapProcesses& KcapProcesses::Get() {
  StartedAs();
  static auto* const processes = new KcapProcesses();
  return *processes;
}

KcapProcesses::List KcapProcesses::Look() {
  std::lock_guard lock(mutex_);
  timespec now;
  clock_gettime(CLOCK_REALTIME_COARSE, &now);
  const bool changed = HasChanged(now) && scanning_.IsLeft();
  const uint32_t second = SecondsSinceBoot();
  if (!changed && second == looked_at_) return list_;
  looked_at_ = second;
  if (changed) {
    const auto spent = scanning_.Spend();
    scanned_at_ = now;
    ScanFolders();
  }

  std::erase_if(tables_, [](const auto& table) { return table->IsOver(); });
  std::vector<KcapProcess> processes;
  for (const auto& table : tables_) processes.push_back({table, table->LooksAlive()});
  const bool same = std::equal(processes.begin(), processes.end(), list_->begin(), list_->end(),
                               [](const KcapProcess& one, const KcapProcess& other) {
                                 return one.table == other.table && one.alive == other.alive;
                               });
  if (!same) list_ = std::make_shared<const std::vector<KcapProcess>>(std::move(processes));
  return list_;
}

bool KcapProcesses::HasChanged(const timespec& now) {
  // Where the clock was put back, the times of files say nothing for a while.
  if (Nanoseconds(now) < Nanoseconds(scanned_at_)) return true;
  const auto changed_since = [&](const OpenFolder& open, const timespec& known) {
    const int64_t change = Nanoseconds(ChangeOf(open));
    return change != Nanoseconds(known) || change + kTimesSettleNs > Nanoseconds(scanned_at_);
  };
  if (changed_since(shared_memory_, changed_)) return true;
  return std::any_of(folders_.begin(), folders_.end(), [&](const Folder& folder) {
    return changed_since(folder.open, folder.changed);
  });
}

void KcapProcesses::ScanFolders() {
  changed_ = ChangeOf(shared_memory_);
  folders_.clear();
  ForEachEntry(kSharedMemory, [this](const std::string& name) {
    if (name.compare(0, strlen(kFolderPrefix), kFolderPrefix) != 0) return;
    char* end;
    const char* const number = name.c_str() + strlen(kFolderPrefix);
    const unsigned long owner = strtoul(number, &end, 10);
    if (end == number || *end) return;
    const std::string path = std::string(kSharedMemory) + "/" + name;
    OpenFolder open(path, OpenFolder::Links::kRefuse);
    const auto about = open.About();
    // Somebody else's folder of that name says nothing about its user.
    if (!about || about->st_uid != owner || (about->st_mode & (S_IWGRP | S_IWOTH)) != 0) return;
    folders_.push_back({path, std::move(open), about->st_uid, about->st_mtim});
  });
  for (const auto& folder : folders_) ScanFolder(folder);
}

/** Whether there may be one more of a user: others must not keep out those who are trusted, nor
 * make each packet be compared with many. */
bool KcapProcesses::HasRoomFor(uid_t owner) const {
  if (IsTrusted(owner)) return tables_.size() < kMostTables + kMostTablesOfTrusted;
  const auto count = std::count_if(tables_.begin(), tables_.end(),
                                   [&](const auto& table) { return table->owner() == owner; });
  return count < kMostTablesOfAnother && tables_.size() < kMostTables;
}

void KcapProcesses::ScanFolder(const Folder& folder) {
  ForEachEntry(folder.path, [&](const std::string& name) {
    const std::string path = folder.path + "/" + name;
    struct stat about;
    if (!HasRoomFor(folder.owner) || lstat(path.c_str(), &about) != 0) return;
    if (about.st_ino == OwnConnections::Get().file_inode()) return;
    const bool known = std::any_of(tables_.begin(), tables_.end(), [&](const auto& table) {
      return table->inode() == about.st_ino;
    });
    if (known) return;
    auto table = ForeignTable::Open(path, folder.owner);
    if (!table || table->table().format() != ConnectionTable::kFormat) return;
    // What a process that was killed has left: who has mapped it keeps it for as long as it
    // matters.
    if (!table->LooksAlive()) unlink(path.c_str());
    tables_.push_back(std::move(table));
  });
}

}  // namespace kcap
