// Tables in word2vec's binary form, with and without a newline after vectors.
//
// Source: Google's word2vec.c; gensim.KeyedVectors.save_word2vec_format.
#ifndef EMB_CLIENT_FORMATS_WORD2VEC_READER_H_
#define EMB_CLIENT_FORMATS_WORD2VEC_READER_H_

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "client/formats/byte_source.h"
#include "client/formats/row_reader.h"

namespace emb {

inline constexpr int64_t kWord2vecWordBytesMax = 4096;

// A line "rows dim", then a word, a blank and dim little-endian float32 a row.
//
// Errors   INVALID_ARGUMENT  no such header, too few or too many bytes, a word
//                            that is empty or does not end; says where.
absl::StatusOr<std::unique_ptr<RowReader>> OpenWord2vecBinary(
    std::shared_ptr<ByteSource> bytes, const ReadOptions& options);

}  // namespace emb

#endif  // EMB_CLIENT_FORMATS_WORD2VEC_READER_H_
