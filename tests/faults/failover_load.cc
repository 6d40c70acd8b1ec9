// A steady load of lookups of every kind, whose every answer is checked: what
// callers of servers that restart and die see.
//
//   failover_load TARGET [--control]
//
// A control asks without retries and as fast as it is answered, so that
// whatever happens to a server happens in the middle of lookups.
//
// Table "item" holds kRows x kDim, element (r, c) being r * kDim + c. Servers
// are told apart by the epoch of their answers. Commands come by the standard
// input, one a line, and are answered by a line of JSON each:
//
//   counts                        what came of all lookups so far
//   await EPOCH COUNT SECONDS     waits for COUNT more answers of this server
//
// Ends with the input.
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/cli/bench/latency_histogram.h"
#include "emb/client.h"
#include "nlohmann/json.hpp"
#include "tests/testing/ask.h"

namespace emb {
namespace {

using nlohmann::json;

constexpr int64_t kRows = 4'096;
constexpr int64_t kDim = 8;
constexpr int64_t kIds = 64;
// Requests of 320 KB, more than gRPC keeps for a retry by itself.
constexpr int64_t kManyIds = 40'000;
// Asynchronous lookups in flight at most: more would only wait for each other
// on a machine that is too busy for their rate.
constexpr int64_t kAsyncMax = 128;
// Lookups a second that no caller reaches.
constexpr double kNoPause = 1e9;
// A caller's patience. On a busy machine it may take seconds until the system
// closes the connections of a process that was killed; latencies are told.
constexpr absl::Duration kTimeout = absl::Seconds(60);

bool IsRight(const LookupRequest& request, const LookupResult& result) {
  const std::vector<int64_t>& ids = request.features[0].ids;
  const absl::Span<const float> values = result.feature(0).values();
  if (values.size() != ids.size() * kDim) return false;
  for (size_t i = 0; i < values.size(); ++i) {
    const int64_t element =
        ids[i / kDim] * kDim + static_cast<int64_t>(i) % kDim;
    if (values[i] != static_cast<float>(element)) return false;
  }
  return true;
}

// Tally counts what came of all lookups, of each kind.
//
// Threads  Thread-safe.
class Tally {
 public:
  void Record(const std::string& kind, absl::Time start,
              const LookupRequest& request,
              const absl::StatusOr<LookupResult>& result) {
    const absl::Duration latency = absl::Now() - start;
    const bool right = result.ok() && IsRight(request, *result);
    const std::lock_guard<std::mutex> lock(mutex_);
    Kind& of_kind = kinds_[kind];
    of_kind.latencies.Record(latency);
    if (!result.ok()) {
      ++of_kind.errors[result.status().ToString()];
      return;
    }
    ++of_kind.answered;
    if (!right) ++of_kind.wrong;
    ++answers_[result->epoch()];
    answered_.notify_all();
  }

  bool Await(uint64_t epoch, int64_t count, absl::Duration timeout) {
    std::unique_lock<std::mutex> lock(mutex_);
    const int64_t enough = answers_[epoch] + count;
    return answered_.wait_for(lock, absl::ToChronoNanoseconds(timeout),
                              [&] { return answers_[epoch] >= enough; });
  }

  json Counts() {
    const std::lock_guard<std::mutex> lock(mutex_);
    json counts;
    for (const auto& [name, kind] : kinds_) {
      counts[name] = {
          {"answered", kind.answered},
          {"wrong", kind.wrong},
          {"errors", kind.errors},
          {"p99_ms",
           absl::ToDoubleMilliseconds(kind.latencies.Percentile(.99))},
          {"max_ms", absl::ToDoubleMilliseconds(kind.latencies.max())}};
    }
    return counts;
  }

 private:
  struct Kind {
    int64_t answered = 0;
    int64_t wrong = 0;
    std::map<std::string, int64_t> errors;
    LatencyHistogram latencies;
  };

  std::mutex mutex_;
  std::condition_variable answered_;
  // Guarded by mutex_.
  std::map<std::string, Kind> kinds_;
  std::map<uint64_t, int64_t> answers_;  // By epoch.
};

// Caller is one thread's share of the load: so many lookups a second, if the
// answers come as fast.
//
// Threads  One thread.
class Caller {
 public:
  Caller(Client client, Tally& tally, const std::atomic<bool>& stop,
         double rate, int64_t num_ids)
      : client_(std::move(client)),
        tally_(tally),
        stop_(stop),
        pause_(absl::Seconds(1) / rate),
        num_ids_(num_ids),
        random_(static_cast<uint64_t>(num_ids)) {}

  void CallInTurn(const std::string& kind) {
    while (Continue()) {
      const LookupRequest request = Random();
      const absl::Time start = absl::Now();
      tally_.Record(kind, start, request, client_.Lookup(request, Timeout()));
    }
  }

  // All that is in flight is over when the client goes.
  void CallAsync() {
    while (Continue()) {
      if (in_flight_ >= kAsyncMax) continue;
      const auto request = std::make_shared<const LookupRequest>(Random());
      client_.LookupAsync(
          *request,
          [this, request, start = absl::Now()](const auto& result) {
            tally_.Record("async", start, *request, result);
            --in_flight_;
          },
          Timeout());
      ++in_flight_;
    }
    while (in_flight_ > 0) std::this_thread::yield();
  }

  void CallOnStream(size_t depth) {
    std::unique_ptr<LookupStream> stream = client_.OpenLookupStream(Timeout());
    std::deque<std::pair<LookupRequest, absl::Time>> sent;
    const auto receive = [&] {
      const auto result = stream->Receive();
      tally_.Record("stream", sent.front().second, sent.front().first, result);
      sent.pop_front();
      // Lost, with all that was in flight.
      if (stream->in_flight() == sent.size()) return;
      for (const auto& [request, start] : sent) {
        tally_.Record("stream", start, request, result.status());
      }
      sent.clear();
      stream = client_.OpenLookupStream(Timeout());
    };
    while (Continue()) {
      sent.emplace_back(Random(), absl::Now());
      // What Send says, Receive says again.
      static_cast<void>(stream->Send(sent.back().first));
      if (sent.size() >= depth) receive();
    }
    while (!sent.empty()) receive();
  }

 private:
  static CallOptions Timeout() { return {.timeout = kTimeout}; }

  // Waits for the next lookup's time; false at the end.
  bool Continue() {
    next_ = std::max(next_ + pause_, absl::Now() - absl::Seconds(1));
    absl::SleepFor(next_ - absl::Now());
    return !stop_;
  }

  LookupRequest Random() {
    std::vector<int64_t> ids(static_cast<size_t>(num_ids_));
    for (int64_t& id : ids) id = static_cast<int64_t>(random_() % kRows);
    return Ask("item", ids);
  }

  const Client client_;
  Tally& tally_;
  const std::atomic<bool>& stop_;
  const absl::Duration pause_;
  const int64_t num_ids_;
  std::mt19937_64 random_;
  absl::Time next_ = absl::Now();
  std::atomic<int64_t> in_flight_ = 0;
};

// Answers one command.
json Obey(const std::string& line, Tally& tally) {
  std::istringstream words(line);
  std::string command;
  uint64_t epoch = 0;
  int64_t count = 0;
  double seconds = 0;
  words >> command >> epoch >> count >> seconds;
  if (command != "await") return tally.Counts();
  const absl::Time start = absl::Now();
  const bool reached = tally.Await(epoch, count, absl::Seconds(seconds));
  return {{"reached", reached},
          {"seconds", absl::ToDoubleSeconds(absl::Now() - start)}};
}

int Run(const std::string& target, bool control) {
  ClientOptions options;
  options.server = target;
  options.retry = !control;
  const auto client = Client::Connect(options);
  if (!client.ok()) {
    std::cerr << client.status() << '\n';
    return EXIT_FAILURE;
  }
  Tally tally;
  std::atomic<bool> stop = false;
  std::vector<std::thread> threads;
  const auto start = [&](double rate, int64_t num_ids, auto call) {
    const double pace = control ? kNoPause : rate;
    threads.emplace_back([&, pace, num_ids, call] {
      Caller caller(*client, tally, stop, pace, num_ids);
      call(caller);
    });
  };
  for (int i = 0; i < 2; ++i) {
    start(500, kIds, [](Caller& caller) { caller.CallInTurn("unary"); });
  }
  start(5, kManyIds, [](Caller& caller) { caller.CallInTurn("large"); });
  start(1'000, kIds, [](Caller& caller) { caller.CallAsync(); });
  start(1'000, kIds, [](Caller& caller) { caller.CallOnStream(4); });
  for (std::string line; std::getline(std::cin, line);) {
    std::cout << Obey(line, tally) << std::endl;
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace emb

int main(int argc, char** argv) {
  const std::string last = argc > 1 ? argv[argc - 1] : "";
  const bool control = last == "--control";
  if (argc != (control ? 3 : 2)) {
    std::cerr << "usage: failover_load TARGET [--control]\n";
    return 2;
  }
  return emb::Run(argv[1], control);
}
