#include "client/cli/token_file.h"

#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "core/status_macros.h"

namespace emb {

absl::StatusOr<std::unique_ptr<TokenFile>> TokenFile::Create(
    const std::string& path) {
  EMB_ASSIGN_OR_RETURN(auto file, OutputFile::Create("--tokens", path));
  return std::unique_ptr<TokenFile>(new TokenFile(std::move(file)));
}

absl::Status TokenFile::Add(int64_t row, absl::string_view token) {
  if (token.find_first_of("\t\n\r") != absl::string_view::npos) {
    return absl::InvalidArgumentError(
        absl::StrCat("row ", row,
                     ": a word with a tab or line break, want none with "
                     "--tokens"));
  }
  return file_->Append(absl::StrCat(row, "\t", token, "\n"));
}

absl::Status TokenFile::Commit() { return file_->Commit(); }

absl::StatusOr<std::unique_ptr<TokenLines>> TokenLines::Open(
    const std::string& path) {
  std::unique_ptr<TokenLines> lines(new TokenLines(path));
  if (lines->file_.is_open()) return lines;
  return absl::NotFoundError(
      absl::StrCat("--tokens \"", path, "\": cannot be opened"));
}

absl::StatusOr<std::string> TokenLines::Next() {
  std::string line;
  const int64_t row = next_row_++;
  if (!std::getline(file_, line)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--tokens \"", path_, "\": ends before the word of row ", row));
  }
  const size_t tab = line.find('\t');
  int64_t number = -1;
  if (tab == std::string::npos ||
      !absl::SimpleAtoi(absl::string_view(line).substr(0, tab), &number) ||
      number != row) {
    return absl::InvalidArgumentError(
        absl::StrCat("--tokens \"", path_, "\": line ", row + 1, ", want ", row,
                     ", a tab and the word of that row"));
  }
  return line.substr(tab + 1);
}

}  // namespace emb
