#include "actors/link.hpp"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <caf/all.hpp>
#include <caf/io/all.hpp>

#include "actors/cpu_meter.hpp"

namespace bourse::actors {

namespace {

using caf::io::broker;
using caf::io::connection_handle;

/// A frame is sealed when this much waits, or at the end of the step that filled it: small messages
/// share one frame, big ones do not wait for each other.
constexpr std::size_t seal_at_bytes = 32 * 1024;
constexpr std::size_t read_at_most_bytes = 128 * 1024;
/// ... before the other side has proved who it is: CAF takes the memory at once.
constexpr std::size_t read_from_strangers_bytes = 1024;

/// The state of one link, owned by its broker.
class link {
public:
  link(broker* self, std::shared_ptr<link_setup> setup) : self_(self), setup_(std::move(setup)) {
    self_->attach_functor([setup = setup_, told = told_down_] {
      if (!*told) {
        *told = true;
        setup->events.down({errc::unreachable, "the link ended"});
      }
    });
  }

  void begin(connection_handle connection) {
    connection_ = connection;
    self_->configure_read(connection_, caf::io::receive_policy::at_most(read_from_strangers_bytes));
    self_->ack_writes(connection_, true);
    write_out(); // the dialer's hello
    self_->delayed_send(self_, std::chrono::milliseconds(setup_->limits.handshake_timeout_ms),
                        shut_atom::value, false);
  }

  void received(const caf::io::new_data_msg& message) {
    cpu_meter meter(&setup_->totals->cpu_ns);
    setup_->totals->bytes_in += message.buf.size();
    heard_ = true;
    frames_.clear();
    auto result = setup_->channel.receive(
        {reinterpret_cast<const char*>(message.buf.data()), message.buf.size()}, frames_);
    if (setup_->channel.established() && !up_)
      established();
    write_out();
    for (auto& frame : frames_)
      deliver(std::move(frame));
    if (!result) {
      ++(up_ ? setup_->totals->malformed : setup_->totals->handshakes_failed);
      close(result.error());
    }
  }

  void send(channel c, const shared_bytes& message) {
    if (!up_ || closed_
        || queued_ + batch_.size() + message->size() > setup_->limits.outbox_bytes) {
      ++setup_->totals->dropped;
      return;
    }
    cpu_meter meter(&setup_->totals->cpu_ns);
    append_message(batch_, c, *message);
    ++setup_->totals->messages_out;
    if (batch_.size() >= seal_at_bytes) {
      flush();
    } else if (!flush_scheduled_) {
      flush_scheduled_ = true;
      self_->send(self_, flush_atom::value);
    }
  }

  void scheduled_flush() {
    flush_scheduled_ = false;
    cpu_meter meter(&setup_->totals->cpu_ns);
    flush();
  }

  void transferred(std::uint64_t remaining) {
    queued_ = remaining;
  }

  void handshake_deadline() {
    if (!up_) {
      ++setup_->totals->handshakes_failed;
      close({errc::handshake_failed, "no handshake in time"});
    }
  }

  void clock() {
    if (closed_)
      return;
    silent_beats_ = heard_ ? 0 : silent_beats_ + 1;
    heard_ = false;
    if (silent_beats_ >= 4) {
      close({errc::unreachable, "no heartbeat"});
      return;
    }
    if (!spoke_) {
      append_message(batch_, channel::heartbeat, {});
      flush();
    }
    spoke_ = false;
    arm_clock();
  }

  void close(error why) {
    if (closed_)
      return;
    closed_ = true;
    if (!*told_down_) {
      *told_down_ = true;
      setup_->events.down(why);
    }
    self_->close(connection_);
    self_->quit();
  }

private:
  void established() {
    up_ = true;
    self_->configure_read(connection_, caf::io::receive_policy::at_most(read_at_most_bytes));
    unread_ = setup_->unread->of(setup_->channel.peer());
    arm_clock();
    setup_->events.up(caf::actor_cast<link_actor>(caf::actor{self_}), setup_->channel.peer());
  }

  void arm_clock() {
    if (setup_->limits.heartbeat_ms > 0)
      self_->delayed_send(self_, std::chrono::milliseconds(setup_->limits.heartbeat_ms),
                          clock_atom::value);
  }

  /// Checks the framing of the whole batch once, so that its readers need not fear it.
  void deliver(bytes frame) {
    ++setup_->totals->frames_in;
    std::uint32_t channels = 0;
    auto whole = for_each_message(frame, [&](channel c, byte_view) { channels |= channel_bit(c); });
    if (!whole) {
      ++setup_->totals->malformed;
      close(whole.error());
      return;
    }
    if (channels == channel_bit(channel::heartbeat))
      return;
    if (*unread_ + frame.size() > setup_->limits.inbox_bytes)
      ++setup_->totals->dropped_in;
    else
      setup_->events.frame(counted(std::move(frame)), channels);
  }

  /// Counts as unread until its last reader lets go of it.
  frame_ptr counted(bytes frame) {
    auto size = frame.size();
    *unread_ += size;
    return frame_ptr{new bytes(std::move(frame)), [unread = unread_, size](const bytes* read) {
                       delete read;
                       *unread -= size;
                     }};
  }

  void flush() {
    if (batch_.empty() || closed_)
      return;
    spoke_ = true;
    ++setup_->totals->frames_out;
    if (auto sealed = setup_->channel.send(batch_); !sealed) {
      close(sealed.error());
      return;
    }
    batch_.clear();
    write_out();
  }

  void write_out() {
    if (closed_)
      return;
    auto output = setup_->channel.output();
    if (output.empty())
      return;
    auto& buffer = self_->wr_buf(connection_);
    using unit = std::decay_t<decltype(buffer)>::value_type;
    auto first = reinterpret_cast<const unit*>(output.data());
    buffer.insert(buffer.end(), first, first + output.size());
    queued_ += output.size();
    setup_->totals->bytes_out += output.size();
    setup_->channel.clear_output();
    self_->flush(connection_);
  }

  broker* self_;
  std::shared_ptr<link_setup> setup_;
  connection_handle connection_;
  std::vector<bytes> frames_;
  bytes batch_;
  std::size_t queued_ = 0;
  unread_bytes::counter unread_; ///< the peer's, once it is known
  int silent_beats_ = 0;
  bool flush_scheduled_ = false;
  bool heard_ = false;
  bool spoke_ = false;
  bool up_ = false;
  bool closed_ = false;
  std::shared_ptr<bool> told_down_ = std::make_shared<bool>(false);
};

caf::behavior behavior_of(std::shared_ptr<link> state) {
  return {
      [=](const caf::io::new_data_msg& message) { state->received(message); },
      [=](const caf::io::data_transferred_msg& message) { state->transferred(message.remaining); },
      [=](const caf::io::connection_closed_msg&) {
        state->close({errc::unreachable, "closed by the other side"});
      },
      [=](send_atom, channel c, const shared_bytes& message) { state->send(c, message); },
      [=](flush_atom) { state->scheduled_flush(); },
      [=](clock_atom) { state->clock(); },
      [=](shut_atom) {
        state->close({errc::shutting_down, "closed here"});
      },
      [=](shut_atom, bool) { state->handshake_deadline(); },
  };
}

/// Waits until a connect that was started finishes, `timeout_ms` at most.
bool finished_connecting(int socket, std::uint32_t timeout_ms) {
  pollfd wait{socket, POLLOUT, 0};
  if (::poll(&wait, 1, static_cast<int>(timeout_ms)) != 1)
    return false;
  int problem = 0;
  socklen_t size = sizeof problem;
  return ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &problem, &size) == 0 && problem == 0;
}

} // namespace

unread_bytes::counter unread_bytes::of(const public_key& peer) {
  std::lock_guard lock(mutex_);
  auto& found = by_peer_[peer];
  if (!found)
    found = std::make_shared<std::atomic<std::size_t>>(0);
  return found;
}

caf::behavior accepted_link(broker* self, connection_handle connection,
                            std::shared_ptr<link_setup> setup) {
  auto state = std::make_shared<link>(self, std::move(setup));
  state->begin(connection);
  return behavior_of(state);
}

caf::behavior dialled_link(broker* self, int socket, std::shared_ptr<link_setup> setup) {
  auto state = std::make_shared<link>(self, std::move(setup));
  state->begin(self->add_scribe(socket));
  return behavior_of(state);
}

expected<int> connect_socket(const std::string& host, std::uint16_t port,
                             std::uint32_t timeout_ms) {
  auto where = host + ":" + std::to_string(port);
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (int code = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found))
    return fail(errc::unreachable, where + ": " + ::gai_strerror(code));
  std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses(found, ::freeaddrinfo);
  for (auto* a = found; a; a = a->ai_next) {
    int s = ::socket(a->ai_family, a->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, a->ai_protocol);
    if (s < 0)
      continue;
    if (::connect(s, a->ai_addr, a->ai_addrlen) == 0
        || (errno == EINPROGRESS && finished_connecting(s, timeout_ms)))
      return s;
    ::close(s);
  }
  return fail(errc::unreachable, where + ": nobody accepts connections there");
}

} // namespace bourse::actors
