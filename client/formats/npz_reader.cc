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

// The arrays, by their names.
std::vector<std::pair<std::string, const ZipMember*>> ArraysOf(
    const ZipArchive& archive) {
  std::vector<std::pair<std::string, const ZipMember*>> arrays;
  for (const ZipMember& member : archive.members()) {
    if (!absl::EndsWith(member.name, kSuffix)) continue;
    arrays.emplace_back(absl::StripSuffix(member.name, kSuffix), &member);
  }
  return arrays;
}

absl::StatusOr<const ZipMember*> ChooseMember(
    const ZipArchive& archive, std::optional<std::string> wanted) {
  const auto arrays = ArraysOf(archive);
  std::vector<std::string> names;
  names.reserve(arrays.size());
  for (const auto& [name, member] : arrays) names.push_back(name);
  // Who gives the member's file name means the same.
  if (wanted && absl::EndsWith(*wanted, kSuffix) &&
      std::find(names.begin(), names.end(), *wanted) == names.end()) {
    wanted->resize(wanted->size() - kSuffix.size());
  }
  EMB_ASSIGN_OR_RETURN(const size_t chosen, ChooseTensor(names, wanted));
  return arrays[chosen].second;
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

absl::StatusOr<std::vector<NamedShape>> ListNpz(
    std::shared_ptr<ByteSource> bytes) {
  EMB_ASSIGN_OR_RETURN(const ZipArchive archive,
                       ZipArchive::Open(std::move(bytes)));
  std::vector<NamedShape> tensors;
  for (const auto& [name, member] : ArraysOf(archive)) {
    EMB_ASSIGN_OR_RETURN(const std::shared_ptr<ByteSource> content,
                         archive.OpenMember(*member));
    EMB_ASSIGN_OR_RETURN(NpyHeader header, ReadNpyHeader(*content));
    tensors.push_back({name, std::move(header.shape)});
  }
  return tensors;
}

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
