#include "actors/trace_file.hpp"

#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "actors/mapped_file.hpp"

namespace bourse::actors {

using namespace messages;

namespace {

tl::unexpected<error> failed(const std::filesystem::path& file) {
  return fail(errc::io_failed,
              fmt::format("{}: {}", file.string(), std::generic_category().message(errno)));
}

struct known_trace {
  std::uint64_t size = 0; ///< of its whole records; 0: there is none
  bool full = false;
};

/// Where a trace that is there already goes on.
expected<known_trace> look_at(const std::filesystem::path& file, const conformance::identity& who) {
  auto mapped = mapped_file::open(file);
  if (!mapped && mapped.error().code == errc::not_found)
    return known_trace{};
  if (!mapped)
    return tl::unexpected(mapped.error());
  auto all = mapped->view();
  // A header that was cut off is the beginning of nothing.
  if (conformance::trace_header(who).starts_with(all)
      && all.size() < conformance::trace_header_bytes)
    return known_trace{};
  auto unreadable = [&](const error& e) {
    return fail(e.code, fmt::format("{}: {}; move it away", file.string(), e.detail));
  };
  auto reader = conformance::trace_reader::open(all);
  if (!reader)
    return unreadable(reader.error());
  if (reader->who() != who)
    return fail(errc::wrong_cluster,
                fmt::format("{}: is the trace of another replica or cluster", file.string()));
  for (;;) {
    auto more = reader->skip();
    if (!more)
      return unreadable(more.error());
    if (!*more)
      return known_trace{reader->place(), reader->full()};
  }
}

} // namespace

expected<std::shared_ptr<trace_file>> trace_file::open(const std::filesystem::path& file,
                                                       const conformance::identity& who,
                                                       std::uint64_t limit_bytes,
                                                       std::shared_ptr<spdlog::logger> log) {
  auto known = look_at(file, who);
  if (!known)
    return tl::unexpected(known.error());
  std::shared_ptr<trace_file> out{new trace_file};
  out->file_ = file;
  out->log_ = std::move(log);
  out->limit_ = limit_bytes;
  out->descriptor_ = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (out->descriptor_ < 0 || ::ftruncate(out->descriptor_, static_cast<off_t>(known->size)) != 0)
    return failed(file);
  out->size_ = known->size;
  if (known->full)
    out->stop("it is full");
  else if (known->size == 0 && !out->write(conformance::trace_header(who)))
    return failed(file);
  return out;
}

trace_file::~trace_file() {
  if (descriptor_ >= 0)
    ::close(descriptor_);
}

void trace_file::append(std::uint64_t time_ns, const conformance::event& e) {
  auto record = conformance::trace_record(time_ns, e);
  std::lock_guard lock{mutex_};
  if (stopped_)
    return;
  if (size_ + record.size() > limit_) {
    write(conformance::trace_end());
    stop(fmt::format("it has reached its limit of {} MB", limit_ >> 20));
  } else if (!write(record)) {
    stop(std::generic_category().message(errno));
  }
}

/// One call a record, so that a crash leaves at most the last one in parts.
bool trace_file::write(byte_view what) {
  while (!what.empty()) {
    auto n = ::write(descriptor_, what.data(), what.size());
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return false;
    what.remove_prefix(static_cast<std::size_t>(n));
    size_ += static_cast<std::uint64_t>(n);
  }
  return true;
}

void trace_file::stop(std::string why) {
  stopped_ = true;
  log_->warn("trace {}: {}; nothing more is recorded", file_.string(), why);
}

} // namespace bourse::actors
