// Both ends of a link with their keys, and somebody on the wire who changes, drops, repeats, delays
// and makes up bytes. An end is only ever established with the other's key, and each takes the
// frames that the other sealed, in order and unchanged, up to the point where it notices.
// A peer with a good key may also say anything at all: that ends nothing.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "messages/assert.hpp"
#include "messages/batch.hpp"
#include "messages/secure_channel.hpp"
#include "tests/fuzz/choices.hpp"

namespace {

using namespace bourse::messages;
using bourse::fuzz::choices;

constexpr std::size_t most_steps = 200;
constexpr std::size_t largest_frame = 4096;

handshake_seed filled(std::uint8_t fill) {
  handshake_seed out;
  out.fill(fill);
  return out;
}

const key_pair& key_of(std::uint8_t who) {
  static const key_pair keys[] = {key_pair::from_seed(filled(1)), key_pair::from_seed(filled(2))};
  return keys[who];
}

class tapped_link {
public:
  explicit tapped_link(choices& c) : c_(c) {
    channel_settings settings;
    settings.cluster = hash("cluster");
    settings.max_frame_bytes = largest_frame;
    ends_.push_back(secure_channel::dialer(settings, key_of(0), key_of(1).identity(), filled(3)));
    ends_.push_back(secure_channel::listener(
        settings, key_of(1),
        [](peer_role role, const public_key& key) -> expected<void> {
          BOURSE_ASSERT(role == peer_role::replica || role == peer_role::client);
          if (key != key_of(0).identity())
            return fail(errc::unknown_replica);
          return {};
        },
        filled(4)));
  }

  void step() {
    auto from = c_.below(2);
    collect(from);
    switch (c_.below(8)) {
      case 0:
      case 1:
      case 2:
        return deliver(from, wire_[from].size());
      case 3:
        return deliver(from, c_.below(wire_[from].size() + 1));
      case 4:
        return say(from, bytes(c_.below(64), static_cast<char>(c_.byte())));
      case 5:
        return say(from, bytes(c_.below(2 * largest_frame), 'x'));
      case 6:
        return interfere(wire_[from]);
      default:
        old_ = wire_[from]; // for later
    }
  }

private:
  void collect(std::size_t from) {
    wire_[from] += ends_[from].take_output();
  }
  void say(std::size_t from, const bytes& frame) {
    bool could = ends_[from].established() && !failed_[from] && frame.size() <= largest_frame;
    auto sent = ends_[from].send(frame);
    BOURSE_ASSERT(sent.has_value() == could);
    if (sent)
      sent_[from].push_back(frame);
  }
  void deliver(std::size_t from, std::size_t count) {
    auto to = 1 - from;
    auto piece = wire_[from].substr(0, count);
    wire_[from].erase(0, count);
    std::vector<bytes> frames;
    auto taken = ends_[to].receive(piece, frames);
    if (failed_[to])
      BOURSE_ASSERT(!taken && frames.empty());
    failed_[to] = failed_[to] || !taken;
    for (auto& f : frames) {
      BOURSE_ASSERT(got_[to] < sent_[from].size() && f == sent_[from][got_[to]]);
      ++got_[to];
      // Whatever it says, it is a batch or it is not.
      (void)for_each_message(f, [](channel, byte_view) {});
    }
    if (ends_[to].established()) {
      BOURSE_ASSERT(ends_[to].peer() == key_of(static_cast<std::uint8_t>(from)).identity());
      BOURSE_ASSERT(ends_[to].role() == peer_role::replica);
    }
  }
  void interfere(bytes& wire) {
    auto at = c_.below(std::min<std::size_t>(wire.size() + 1, 65536));
    switch (c_.below(5)) {
      case 0:
        if (at < wire.size())
          wire[at] = static_cast<char>(c_.byte());
        return;
      case 1:
        wire.erase(at, 1 + c_.below(256));
        return;
      case 2:
        wire.insert(at, 1 + c_.below(256), static_cast<char>(c_.byte()));
        return;
      case 3: // what went this way or the other before
        wire.insert(at, old_);
        return;
      default:
        wire.insert(0, wire.substr(0, at));
    }
  }

  choices& c_;
  std::vector<secure_channel> ends_;
  bytes wire_[2]; ///< by who wrote it
  bytes old_;
  std::vector<bytes> sent_[2];
  std::size_t got_[2] = {0, 0};
  bool failed_[2] = {false, false};
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  init_crypto();
  choices c{data, size};
  tapped_link l{c};
  for (std::size_t i = 0; i < most_steps && !c.used_up(); ++i)
    l.step();
  return 0;
}
