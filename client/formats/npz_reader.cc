#include "client/formats/npz_reader.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "client/formats/choose_tensor.h"
#include "client/formats/npy_reader.h"
#include "client/formats/zip_archive.h"
#include "core/status_macros.h"

namespace emb {
namespace {

constexpr absl::string_view kSuffix = ".npy";

absl::StatusOr<const ZipMember*> ChooseMember(
    const ZipArchive& archive, std::optional<std::string> wanted) {
  std::vector<const ZipMember*> members;
  std::vector<std::string> names;
  for (const ZipMember& member : archive.members()) {
    if (!absl::EndsWith(member.name, kSuffix)) continue;
    members.push_back(&member);
    names.emplace_back(absl::StripSuffix(member.name, kSuffix));
  }
  // Who gives the member's file name means the same.
  if (wanted && absl::EndsWith(*wanted, kSuffix) &&
      std::find(names.begin(), names.end(), *wanted) == names.end()) {
    wanted->resize(wanted->size() - kSuffix.size());
  }
  EMB_ASSIGN_OR_RETURN(const size_t chosen, ChooseTensor(names, wanted));
  return members[chosen];
}

absl::StatusOr<std::unique_ptr<RowReader>> OpenMember(
    const ZipArchive& archive, const ZipMember& member,
    const ReadOptions& options) {
  EMB_ASSIGN_OR_RETURN(const std::shared_ptr<ByteSource> bytes,
                       archive.OpenMember(member));
  EMB_ASSIGN_OR_RETURN(const NpyHeader header, ReadNpyHeader(*bytes));
  // Columns are read out of order, which checks no sum: it is done before. One
  // without random access is copied in order anyway.
  if (header.fortran_order && bytes->random_access()) {
    EMB_RETURN_IF_ERROR(ReadThrough(*bytes));
  }
  return OpenNpy(bytes, options);
}

}  // namespace

absl::StatusOr<std::unique_ptr<RowReader>> OpenNpz(
    std::shared_ptr<ByteSource> bytes, const ReadOptions& options) {
  EMB_ASSIGN_OR_RETURN(const ZipArchive archive,
                       ZipArchive::Open(std::move(bytes)));
  EMB_ASSIGN_OR_RETURN(const ZipMember* const member,
                       ChooseMember(archive, options.tensor));
  auto reader = OpenMember(archive, *member, options);
  if (reader.ok()) return reader;
  return absl::Status(reader.status().code(),
                      absl::StrCat("member \"", member->name.substr(0, 128),
                                   "\": ", reader.status().message()));
}

}  // namespace emb
