#include "tests/testing/lossy_file_system.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

namespace emb {
namespace {

namespace fs = std::filesystem;
using rocksdb::FileOptions;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;

constexpr uint64_t kSectorBytes = 512;

std::string FolderOf(const std::string& path) {
  return fs::path(path).lexically_normal().parent_path();
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void WriteFile(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

}  // namespace

// Counts what is done to a file.
class LossyFileSystem::File final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  File(std::unique_ptr<rocksdb::FSWritableFile> file, std::string path,
       LossyFileSystem& owner)
      : FSWritableFileOwnerWrapper(std::move(file)),
        path_(std::move(path)),
        owner_(owner) {}

  using FSWritableFileOwnerWrapper::Append;
  IOStatus Append(const rocksdb::Slice& data, const IOOptions& options,
                  IODebugContext* debug) override {
    const IOStatus status = owner_.Change();
    return status.ok() ? FSWritableFileWrapper::Append(data, options, debug)
                       : status;
  }
  IOStatus Append(const rocksdb::Slice& data, const IOOptions& options,
                  const rocksdb::DataVerificationInfo& info,
                  IODebugContext* debug) override {
    const IOStatus status = owner_.Change();
    return status.ok()
               ? FSWritableFileWrapper::Append(data, options, info, debug)
               : status;
  }
  IOStatus Truncate(uint64_t size, const IOOptions& options,
                    IODebugContext* debug) override {
    const IOStatus status = owner_.Change();
    return status.ok() ? FSWritableFileWrapper::Truncate(size, options, debug)
                       : status;
  }
  IOStatus Sync(const IOOptions& options, IODebugContext* debug) override {
    IOStatus status = owner_.Change();
    if (status.ok()) status = FSWritableFileWrapper::Sync(options, debug);
    if (status.ok()) owner_.Synced(path_);
    return status;
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    return Sync(options, debug);
  }

 private:
  const std::string path_;
  LossyFileSystem& owner_;
};

class LossyFileSystem::Folder final : public rocksdb::FSDirectoryWrapper {
 public:
  Folder(std::unique_ptr<rocksdb::FSDirectory> folder, std::string path,
         LossyFileSystem& owner)
      : FSDirectoryWrapper(std::move(folder)),
        path_(std::move(path)),
        owner_(owner) {}

  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    IOStatus status = owner_.Change();
    if (status.ok()) status = FSDirectoryWrapper::Fsync(options, debug);
    if (status.ok()) owner_.FolderSynced(path_);
    return status;
  }
  IOStatus FsyncWithDirOptions(const IOOptions& options, IODebugContext* debug,
                               const rocksdb::DirFsyncOptions&) override {
    return Fsync(options, debug);
  }

 private:
  const std::string path_;
  LossyFileSystem& owner_;
};

LossyFileSystem::LossyFileSystem()
    : FileSystemWrapper(rocksdb::FileSystem::Default()) {}

void LossyFileSystem::CutAfter(int64_t changes) {
  const std::lock_guard<std::mutex> lock(mutex_);
  changes_left_ = changes;
}

void LossyFileSystem::LoseUnsynced(std::mt19937_64& chance) {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (const auto& [path, synced] : synced_bytes_) {
    LoseBytes(path, synced, chance);
  }
  const size_t kept = chance() % (new_names_.size() + 1);
  for (size_t i = new_names_.size(); i-- > kept;) TakeBack(new_names_[i]);
  synced_bytes_.clear();
  new_names_.clear();
  changes_left_.reset();
}

IOStatus LossyFileSystem::NewWritableFile(
    const std::string& path, const FileOptions& options,
    std::unique_ptr<rocksdb::FSWritableFile>* file, IODebugContext* debug) {
  IOStatus status = Change();
  if (!status.ok()) return status;
  NewName name{path};
  if (fs::exists(path)) name.before = ReadFile(path);
  status = FileSystemWrapper::NewWritableFile(path, options, file, debug);
  if (!status.ok()) return status;
  *file = std::make_unique<File>(std::move(*file), path, *this);
  const std::lock_guard<std::mutex> lock(mutex_);
  synced_bytes_[path] = 0;
  new_names_.push_back(std::move(name));
  return status;
}

IOStatus LossyFileSystem::ReopenWritableFile(
    const std::string& path, const FileOptions& options,
    std::unique_ptr<rocksdb::FSWritableFile>* file, IODebugContext* debug) {
  IOStatus status = Change();
  if (!status.ok()) return status;
  status = FileSystemWrapper::ReopenWritableFile(path, options, file, debug);
  if (!status.ok()) return status;
  *file = std::make_unique<File>(std::move(*file), path, *this);
  const std::lock_guard<std::mutex> lock(mutex_);
  // What was there before this file system knew of it is durable.
  synced_bytes_.emplace(path, fs::file_size(path));
  return status;
}

IOStatus LossyFileSystem::NewDirectory(
    const std::string& path, const IOOptions& options,
    std::unique_ptr<rocksdb::FSDirectory>* folder, IODebugContext* debug) {
  const IOStatus status =
      FileSystemWrapper::NewDirectory(path, options, folder, debug);
  if (status.ok()) {
    const std::string normal = fs::path(path).lexically_normal();
    *folder = std::make_unique<Folder>(
        std::move(*folder),
        normal.back() == '/' ? normal.substr(0, normal.size() - 1) : normal,
        *this);
  }
  return status;
}

// At once: nothing makes a folder's changes durable in their order.
IOStatus LossyFileSystem::DeleteFile(const std::string& path,
                                     const IOOptions& options,
                                     IODebugContext* debug) {
  IOStatus status = Change();
  if (!status.ok()) return status;
  status = FileSystemWrapper::DeleteFile(path, options, debug);
  const std::lock_guard<std::mutex> lock(mutex_);
  synced_bytes_.erase(path);
  new_names_.erase(
      std::remove_if(new_names_.begin(), new_names_.end(),
                     [&](const NewName& name) { return name.path == path; }),
      new_names_.end());
  return status;
}

IOStatus LossyFileSystem::Truncate(const std::string& path, size_t size,
                                   const IOOptions& options,
                                   IODebugContext* debug) {
  const IOStatus status = Change();
  return status.ok() ? FileSystemWrapper::Truncate(path, size, options, debug)
                     : status;
}

IOStatus LossyFileSystem::RenameFile(const std::string& from,
                                     const std::string& to,
                                     const IOOptions& options,
                                     IODebugContext* debug) {
  IOStatus status = Change();
  if (!status.ok()) return status;
  NewName name{to, from};
  if (fs::exists(to)) name.before = ReadFile(to);
  status = FileSystemWrapper::RenameFile(from, to, options, debug);
  if (!status.ok()) return status;
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto bytes = synced_bytes_.find(from);
  if (bytes != synced_bytes_.end()) {
    synced_bytes_[to] = bytes->second;
    synced_bytes_.erase(from);
  }
  new_names_.push_back(std::move(name));
  return status;
}

IOStatus LossyFileSystem::LinkFile(const std::string& from,
                                   const std::string& to,
                                   const IOOptions& options,
                                   IODebugContext* debug) {
  IOStatus status = Change();
  if (!status.ok()) return status;
  status = FileSystemWrapper::LinkFile(from, to, options, debug);
  if (!status.ok()) return status;
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto bytes = synced_bytes_.find(from);
  if (bytes != synced_bytes_.end()) synced_bytes_[to] = bytes->second;
  new_names_.push_back({to});
  return status;
}

IOStatus LossyFileSystem::Change() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!changes_left_) return IOStatus::OK();
  if (*changes_left_ > 0) {
    --*changes_left_;
    return IOStatus::OK();
  }
  return IOStatus::IOError("the power is cut");
}

void LossyFileSystem::Synced(const std::string& path) {
  const std::lock_guard<std::mutex> lock(mutex_);
  synced_bytes_[path] = fs::file_size(path);
}

void LossyFileSystem::FolderSynced(const std::string& folder) {
  const std::lock_guard<std::mutex> lock(mutex_);
  new_names_.erase(std::remove_if(new_names_.begin(), new_names_.end(),
                                  [&](const NewName& name) {
                                    return FolderOf(name.path) == folder;
                                  }),
                   new_names_.end());
}

void LossyFileSystem::TakeBack(const NewName& name) {
  std::error_code ignored;
  if (!fs::exists(name.path, ignored)) return;
  if (name.from.empty()) {
    fs::remove(name.path, ignored);
  } else {
    fs::rename(name.path, name.from, ignored);
  }
  if (name.before) WriteFile(name.path, *name.before);
}

void LossyFileSystem::LoseBytes(const std::string& path, uint64_t synced,
                                std::mt19937_64& chance) {
  std::error_code absent;
  const uint64_t size = fs::file_size(path, absent);
  if (absent || size <= synced) return;
  std::string bytes = ReadFile(path);
  bytes.resize(synced + chance() % (size - synced + 1));
  if (chance() % 2 == 0) {
    // Disks write in any order: what was not written reads as zeros.
    for (uint64_t at = synced; at < bytes.size();
         at = (at / kSectorBytes + 1) * kSectorBytes) {
      const uint64_t end = std::min<uint64_t>(
          bytes.size(), (at / kSectorBytes + 1) * kSectorBytes);
      if (chance() % 2 == 0) {
        std::fill(bytes.begin() + static_cast<int64_t>(at),
                  bytes.begin() + static_cast<int64_t>(end), '\0');
      }
    }
  }
  WriteFile(path, bytes);
}

}  // namespace emb
