#include "tests/parity/golden.h"

#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/status_macros.h"
#include "tests/testing/read_npy.h"

namespace emb {
namespace {

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) return absl::NotFoundError(absl::StrCat("cannot read ", path));
  return text.str();
}

template <typename T>
bool SameBits(T a, T b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  return std::memcmp(&a, &b, sizeof(T)) == 0;
}

template <typename T>
bool Within(T got, T want, double atol, double rtol) {
  if (!std::isfinite(got) || !std::isfinite(want)) return SameBits(got, want);
  const double difference =
      std::abs(static_cast<double>(got) - static_cast<double>(want));
  return difference <= atol + rtol * std::abs(static_cast<double>(want));
}

template <typename T>
absl::Status CompareElements(const Json& cmp, absl::Span<const T> got,
                             absl::Span<const T> want) {
  if (got.size() != want.size()) {
    return absl::InternalError(
        absl::StrCat(got.size(), " elements, want ", want.size()));
  }
  const bool bits = cmp.at("mode") == "bits";
  const double atol = bits ? 0 : cmp.at("atol").get<double>();
  const double rtol = bits ? 0 : cmp.at("rtol").get<double>();
  for (size_t i = 0; i < got.size(); ++i) {
    const bool same =
        bits ? SameBits(got[i], want[i]) : Within(got[i], want[i], atol, rtol);
    if (!same) {
      return absl::InternalError(absl::StrFormat(
          "element %d = %.17g, want %.17g", i, got[i], want[i]));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Golden> Golden::Read(const std::string& directory) {
  Golden golden;
  EMB_ASSIGN_OR_RETURN(const std::string text,
                       ReadFile(directory + "/manifest.json"));
  golden.manifest_ = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!golden.manifest_.is_object() || !golden.manifest_.contains("cases") ||
      !golden.manifest_.contains("blobs")) {
    return absl::DataLossError(
        absl::StrCat(directory, "/manifest.json: want blobs and cases"));
  }
  for (const auto& [type, file] : golden.manifest_["blobs"].items()) {
    EMB_ASSIGN_OR_RETURN(
        golden.blobs_[type],
        ReadNpyBytes(absl::StrCat(directory, "/", file.get<std::string>())));
  }
  return golden;
}

template <typename T>
std::vector<T> Golden::Elements(const Json& reference, const char* type) const {
  if (reference.at("t") != type) {
    throw std::runtime_error(absl::StrCat("array of another type than ", type));
  }
  size_t count = 1;
  for (const int64_t extent : ShapeOf(reference)) {
    count *= static_cast<size_t>(extent);
  }
  const std::string& blob = blobs_.at(type);
  const auto offset = reference.at("off").get<size_t>();
  if (offset + count > blob.size() / sizeof(T)) {
    throw std::runtime_error("array beyond the end of its file");
  }
  std::vector<T> elements(count);
  if (count > 0) {
    std::memcpy(elements.data(), &blob[offset * sizeof(T)], count * sizeof(T));
  }
  return elements;
}

std::vector<float> Golden::Floats(const Json& reference) const {
  return Elements<float>(reference, "f32");
}

std::vector<double> Golden::Doubles(const Json& reference) const {
  return Elements<double>(reference, "f64");
}

std::vector<int64_t> Golden::Ints(const Json& reference) const {
  return Elements<int64_t>(reference, "i64");
}

std::vector<std::byte> Golden::Bytes(const Json& reference) const {
  return Elements<std::byte>(reference, "u8");
}

std::vector<int64_t> ShapeOf(const Json& reference) {
  return reference.at("shape").get<std::vector<int64_t>>();
}

double NumberOf(const Json& value) {
  if (!value.is_string()) return value.get<double>();
  const auto text = value.get<std::string>();
  if (text == "inf") return std::numeric_limits<double>::infinity();
  if (text == "-inf") return -std::numeric_limits<double>::infinity();
  if (text == "nan") return std::numeric_limits<double>::quiet_NaN();
  throw std::runtime_error("no number: " + text);
}

absl::Status Compare(const Json& cmp, absl::Span<const float> got,
                     absl::Span<const float> want) {
  return CompareElements(cmp, got, want);
}

absl::Status Compare(const Json& cmp, absl::Span<const double> got,
                     absl::Span<const double> want) {
  return CompareElements(cmp, got, want);
}

}  // namespace emb
