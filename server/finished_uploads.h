// Imports that are done, so that none is done twice.
#ifndef EMB_SERVER_FINISHED_UPLOADS_H_
#define EMB_SERVER_FINISHED_UPLOADS_H_

#include <cstddef>
#include <deque>
#include <map>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "embedding/v1/admin.pb.h"

namespace emb {

// FinishedUploads remembers what came of the newest uploads, for a caller whose
// connection broke before it heard. Not for long: who comes back comes soon.
//
// Threads  One thread at a time.
class FinishedUploads {
 public:
  static constexpr size_t kKept = 1024;

  struct Finished {
    std::string header;  // With which it began.
    embedding::v1::TableInfo table;
    absl::Time forgotten_at;
  };

  explicit FinishedUploads(absl::Duration patience) : patience_(patience) {}

  void Add(const std::string& id, std::string header,
           embedding::v1::TableInfo table, absl::Time now);

  // Null: it is not known. Valid until Add.
  const Finished* Find(const std::string& id, absl::Time now) const;

 private:
  const absl::Duration patience_;
  std::deque<std::string> ids_;  // The oldest first.
  std::map<std::string, Finished> finished_;
};

}  // namespace emb

#endif  // EMB_SERVER_FINISHED_UPLOADS_H_
