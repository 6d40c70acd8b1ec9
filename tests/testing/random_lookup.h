// Random lookup requests, of every form that the contract has.
#ifndef EMB_TESTS_TESTING_RANDOM_LOOKUP_H_
#define EMB_TESTS_TESTING_RANDOM_LOOKUP_H_

#include <cstdint>
#include <random>
#include <string>

#include "embedding/v1/lookup.pb.h"

namespace emb {

// Makes features for a table `item` of `num_rows` rows that a server answers:
// their shapes fit and their ids are in range, padding or missing.
class RandomLookup {
 public:
  RandomLookup(uint32_t seed, int64_t num_rows)
      : random_(seed), num_rows_(num_rows) {}

  embedding::v1::LookupRequest Request() {
    embedding::v1::LookupRequest request;
    const int64_t features = 1 + Below(5);
    for (int64_t i = 0; i < features; ++i) Fill(*request.add_features());
    request.set_partial(Below(2) == 1);
    if (Below(2) == 1) request.set_request_id(random_());
    return request;
  }

 private:
  int64_t Below(int64_t bound) {
    return static_cast<int64_t>(random_() % static_cast<uint64_t>(bound));
  }

  void Fill(embedding::v1::Feature& feature) {
    feature.set_table("item");
    if (Below(4) == 0) feature.set_version(1);
    if (Below(2) == 1) feature.set_padding_id(-1);
    if (Below(3) == 0) {
      feature.set_missing_ids(embedding::v1::MISSING_IDS_ZEROS);
    }
    // Unspecified, float32, float16 or bfloat16.
    feature.set_dtype(static_cast<embedding::v1::DType>(Below(4)));
    switch (Below(3)) {
      case 0:
        FillFlat(feature);
        break;
      case 1:
        FillDense(feature);
        break;
      default:
        FillRagged(feature);
    }
  }

  void AddIds(int64_t count, embedding::v1::Feature& feature) {
    const bool missing =
        feature.missing_ids() == embedding::v1::MISSING_IDS_ZEROS;
    for (int64_t i = 0; i < count; ++i) {
      int64_t id = Below(num_rows_);
      if (feature.has_padding_id() && Below(5) == 0) id = -1;
      if (missing && Below(5) == 0) id = num_rows_ + Below(100);
      feature.add_ids(id);
    }
  }

  void FillFlat(embedding::v1::Feature& feature) {
    AddIds(1 + Below(40), feature);
    if (Below(3) == 0) FillPool(feature);
  }

  void FillDense(embedding::v1::Feature& feature) {
    const int64_t rank = Below(4);
    int64_t count = 1;
    auto& dims = *feature.mutable_dense();
    for (int64_t i = 0; i < rank; ++i) {
      dims.add_dims(1 + Below(5));
      count *= dims.dims(static_cast<int>(i));
    }
    AddIds(count, feature);
    if (rank > 0 && Below(3) == 0) FillPool(feature);
  }

  void FillRagged(embedding::v1::Feature& feature) {
    auto& ragged = *feature.mutable_ragged();
    const int64_t sequences = Below(9);
    int64_t count = 0;
    for (int64_t i = 0; i < sequences; ++i) {
      ragged.add_lengths(Below(7));
      count += ragged.lengths(static_cast<int>(i));
    }
    AddIds(count, feature);
    switch (Below(3)) {
      case 0:
        FillPool(feature);
        break;
      case 1:
        FillPad(feature);
        break;
      default:
        break;
    }
  }

  void FillPad(embedding::v1::Feature& feature) {
    using embedding::v1::Pad;
    Pad& pad = *feature.mutable_pad();
    if (Below(2) == 1) pad.set_length(1 + Below(9));
    pad.set_side(static_cast<Pad::Side>(Below(3)));
    pad.set_keep(static_cast<Pad::Keep>(Below(3)));
  }

  void FillPool(embedding::v1::Feature& feature) {
    using embedding::v1::Pool;
    Pool& pool = *feature.mutable_pool();
    pool.set_mode(static_cast<Pool::Mode>(1 + Below(3)));
    if (pool.mode() != Pool::MODE_SUM || Below(2) == 0) return;
    for (int i = 0; i < feature.ids_size(); ++i) {
      pool.add_weights(static_cast<float>(Below(100)) / 8 - 5);
    }
  }

  std::mt19937_64 random_;
  const int64_t num_rows_;
};

}  // namespace emb

#endif  // EMB_TESTS_TESTING_RANDOM_LOOKUP_H_
