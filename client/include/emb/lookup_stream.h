// Several lookups in flight on one stream.
//
//   std::unique_ptr<emb::LookupStream> stream = client.OpenLookupStream();
//   stream->Send(first);
//   while (...) {
//     stream->Send(next);
//     absl::StatusOr<emb::LookupResult> result = stream->Receive();  // Oldest.
//   }
#ifndef EMB_LOOKUP_STREAM_H_
#define EMB_LOOKUP_STREAM_H_

#include <cstddef>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "emb/lookup_result.h"
#include "emb/types.h"

namespace emb {

// LookupStream pipelines lookups: while one is answered the next is under way.
// Answers come in the order of the requests; each sees a snapshot of its own.
//
// A stream that ends, because it is old or its server drains or dies, is opened
// again, at another server if the client has several, and requests without an
// answer are sent again: lookups change nothing. All that takes place within
// Send and Receive and their timeout. A server that hangs without an end of the
// connection is not left before the timeout.
//
// Threads  One thread at a time.
class LookupStream {
 public:
  // Abandons what is in flight.
  virtual ~LookupStream() = default;

  // Sends a request; waits only while the transport is full. Answers that come
  // meanwhile are kept in memory: two to four requests in flight are what
  // gains, more only take memory.
  //
  // Errors   As Receive, of the stream as a whole.
  virtual absl::Status Send(const LookupRequest& request) = 0;

  // Waits for the answer to the oldest request in flight.
  //
  // Errors   The request's own, as Client::Lookup: the stream goes on.
  //          UNAVAILABLE, DEADLINE_EXCEEDED  no answer from any server, also
  //                            after the stream was reopened: all requests in
  //                            flight are lost, and so is the stream. They may
  //                            be a request's own as well; then others are in
  //                            flight still, or the next Send succeeds.
  //          FAILED_PRECONDITION  none is in flight.
  virtual absl::StatusOr<LookupResult> Receive() = 0;

  // Waits until Receive would return at once (true), or for `timeout` (false):
  // for callers that have something else to do meanwhile. Zero only looks.
  virtual bool AwaitAnswer(absl::Duration timeout) = 0;

  // Requests sent whose answers were not received.
  virtual size_t in_flight() const = 0;
};

}  // namespace emb

#endif  // EMB_LOOKUP_STREAM_H_
