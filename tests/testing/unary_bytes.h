// Unary calls with any bytes as their message.
#ifndef EMB_TESTS_TESTING_UNARY_BYTES_H_
#define EMB_TESTS_TESTING_UNARY_BYTES_H_

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/grpcpp.h"
#include "tests/testing/wire_lookup.h"

namespace emb {

// Calls `method`, such as "/embedding.v1.TableAdmin/GetTable", and waits for
// its end, at most a minute. `answer` gets the bytes of an OK answer.
inline grpc::Status CallWithBytes(const std::shared_ptr<grpc::Channel>& channel,
                                  const std::string& method,
                                  const std::string& bytes,
                                  std::string* answer = nullptr) {
  grpc::GenericStub stub(channel);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() +
                       std::chrono::minutes(1));
  const grpc::ByteBuffer request = ToWire(bytes);
  grpc::ByteBuffer response;
  std::mutex mutex;
  std::condition_variable changed;
  bool done = false;
  grpc::Status status;
  stub.UnaryCall(&context, method, {}, &request, &response,
                 [&](grpc::Status result) {
                   const std::lock_guard<std::mutex> lock(mutex);
                   status = std::move(result);
                   done = true;
                   changed.notify_one();
                 });
  std::unique_lock<std::mutex> lock(mutex);
  changed.wait(lock, [&] { return done; });
  if (status.ok() && answer != nullptr) *answer = BytesOf(response);
  return status;
}

}  // namespace emb

#endif  // EMB_TESTS_TESTING_UNARY_BYTES_H_
