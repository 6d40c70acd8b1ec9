// Which of the text formats a file is in, and word2vec's binary form, which
// begins as text.
#ifndef EMB_CLIENT_FORMATS_RECOGNISE_TEXT_H_
#define EMB_CLIENT_FORMATS_RECOGNISE_TEXT_H_

#include <optional>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/formats/format.h"

namespace emb {

// By the first bytes of a file; `whole`: there are no more. nullopt: none.
//
// Errors   INVALID_ARGUMENT  numbers with blanks between, of which the first
//                            may be words: GloVe's or a table without words.
absl::StatusOr<std::optional<Format>> RecogniseText(absl::string_view head,
                                                    bool whole);

}  // namespace emb

#endif  // EMB_CLIENT_FORMATS_RECOGNISE_TEXT_H_
