#define CAF_SUITE secure_channel
#include "tests/suite.hpp"

#include "messages/secure_channel.hpp"

#include <algorithm>

#include "tests/messages/codec_checks.hpp"

using namespace bourse::messages;

namespace {

using handshake::frame_type;

handshake_seed seed_of(std::uint8_t fill) {
  handshake_seed out;
  out.fill(fill);
  return out;
}

/// The frames of a stream of output, length headers included.
std::vector<bytes> frames_of(byte_view output) {
  std::vector<bytes> out;
  while (output.size() >= 4) {
    std::size_t size = 0;
    for (std::size_t i = 0; i < 4; ++i)
      size = size << 8 | static_cast<unsigned char>(output[i]);
    out.emplace_back(output.substr(0, 4 + size));
    output.remove_prefix(4 + size);
  }
  return out;
}

bytes framed(byte_view payload) {
  bytes out{0, 0, 0, static_cast<char>(payload.size())};
  out.append(payload);
  return out;
}

/// A replica that listens, another replica and a client that may dial it, and a stranger.
struct fixture {
  fixture() {
    init_crypto();
    settings.cluster = hash("a genesis file");
  }

  key_pair replica = key_pair::from_seed(seed_of(1));
  key_pair other = key_pair::from_seed(seed_of(2));
  key_pair client = key_pair::from_seed(seed_of(3));
  key_pair stranger = key_pair::from_seed(seed_of(4));
  channel_settings settings;
  std::vector<bytes> at_dialer;
  std::vector<bytes> at_listener;

  secure_channel::admission genesis() {
    return [this](peer_role role, const public_key& key) -> expected<void> {
      if (role == peer_role::replica && key == other.identity())
        return {};
      if (role == peer_role::client && key == client.identity())
        return {};
      return fail(role == peer_role::replica ? errc::unknown_replica : errc::unknown_client);
    };
  }
  secure_channel dial(std::uint8_t fresh = 10) {
    return secure_channel::dialer(settings, other, replica.identity(), seed_of(fresh));
  }
  secure_channel listen(std::uint8_t fresh = 20) {
    auto mine = settings;
    mine.role = peer_role::replica;
    return secure_channel::listener(mine, replica, genesis(), seed_of(fresh));
  }

  /// Carries bytes to and fro until both are silent; the first error ends it.
  expected<void> carry(secure_channel& dialer, secure_channel& listener) {
    for (;;) {
      auto up = dialer.take_output();
      if (auto ok = listener.receive(up, at_listener); !ok)
        return ok;
      auto down = listener.take_output();
      if (auto ok = dialer.receive(down, at_dialer); !ok)
        return ok;
      if (up.empty() && down.empty())
        return {};
    }
  }
  /// Both ends, established.
  std::pair<secure_channel, secure_channel> connected() {
    std::pair ends{dial(), listen()};
    CAF_REQUIRE(carry(ends.first, ends.second));
    return ends;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(secure_channel_tests, fixture)

CAF_TEST(two replicas greet and talk) {
  auto [dialer, listener] = connected();
  CAF_CHECK(dialer.established() && listener.established());
  CAF_CHECK(dialer.peer() == replica.identity());
  CAF_CHECK(listener.peer() == other.identity());
  CAF_CHECK(dialer.role() == peer_role::replica);
  CAF_CHECK(listener.role() == peer_role::replica);

  CAF_CHECK(dialer.send("ping"));
  CAF_CHECK(dialer.send(""));
  CAF_CHECK(listener.send("pong"));
  CAF_CHECK(carry(dialer, listener));
  CAF_CHECK_EQUAL(at_listener, (std::vector<bytes>{"ping", ""}));
  CAF_CHECK_EQUAL(at_dialer, (std::vector<bytes>{"pong"}));
}

CAF_TEST(a client is known by its role) {
  settings.role = peer_role::client;
  auto dialer = secure_channel::dialer(settings, client, replica.identity(), seed_of(10));
  auto listener = listen();
  CAF_CHECK(carry(dialer, listener));
  CAF_CHECK(listener.role() == peer_role::client);
  CAF_CHECK(listener.peer() == client.identity());

  // The same key is no replica, nor a replica's key a client.
  settings.role = peer_role::replica;
  auto climber = secure_channel::dialer(settings, client, replica.identity(), seed_of(11));
  auto second = listen();
  CAF_CHECK_EQUAL(outcome(carry(climber, second)), "unknown_replica");
  settings.role = peer_role::client;
  auto slummer = secure_channel::dialer(settings, other, replica.identity(), seed_of(12));
  auto third = listen();
  CAF_CHECK_EQUAL(outcome(carry(slummer, third)), "unknown_client");
}

CAF_TEST(nothing is sealed before both ends are proved) {
  auto dialer = dial();
  auto listener = listen();
  CAF_CHECK(!dialer.send("early"));
  CAF_CHECK(!listener.send("early"));
  auto hello = dialer.take_output();
  CAF_CHECK(listener.receive(hello, at_listener));
  CAF_CHECK(dialer.receive(listener.take_output(), at_dialer));
  CAF_CHECK(!dialer.established() && !listener.established());
  CAF_CHECK(!dialer.send("early"));
  CAF_CHECK(!listener.send("early"));
}

CAF_TEST(any cutting of the stream gives the same frames) {
  splitmix64 random{17};
  auto [dialer, listener] = connected();
  std::vector<bytes> sent;
  bytes stream;
  for (int i = 0; i < 40; ++i) {
    sent.push_back(random_bytes(random, random.below(i % 10 == 0 ? 100'000 : 300)));
    CAF_REQUIRE(dialer.send(sent.back()));
    stream += dialer.output();
    dialer.clear_output();
  }
  for (byte_view rest = stream; !rest.empty();) {
    auto size = std::min<std::size_t>(rest.size(), 1 + random.below(1) + random.below(5000));
    CAF_REQUIRE(listener.receive(rest.substr(0, size), at_listener));
    rest.remove_prefix(size);
  }
  CAF_CHECK(at_listener == sent);
}

CAF_TEST(even a handshake arrives byte by byte) {
  auto dialer = dial();
  auto listener = listen();
  while (!dialer.established() || !listener.established()) {
    for (auto c : dialer.take_output())
      CAF_REQUIRE(listener.receive({&c, 1}, at_listener));
    for (auto c : listener.take_output())
      CAF_REQUIRE(dialer.receive({&c, 1}, at_dialer));
  }
  CAF_CHECK(dialer.send("one by one"));
  for (auto c : dialer.take_output())
    CAF_REQUIRE(listener.receive({&c, 1}, at_listener));
  CAF_CHECK_EQUAL(at_listener, (std::vector<bytes>{"one by one"}));
}

CAF_TEST(data may follow the handshake in one piece) {
  auto dialer = dial();
  auto listener = listen();
  CAF_REQUIRE(listener.receive(dialer.take_output(), at_listener));
  CAF_REQUIRE(dialer.receive(listener.take_output(), at_dialer));
  CAF_REQUIRE(listener.receive(dialer.take_output(), at_listener));
  CAF_REQUIRE(listener.send("at once"));
  CAF_CHECK(dialer.receive(listener.take_output(), at_dialer));
  CAF_CHECK_EQUAL(at_dialer, (std::vector<bytes>{"at once"}));
}

CAF_TEST(another cluster is refused) {
  auto dialer = dial();
  settings.cluster = hash("another genesis file");
  auto listener = listen();
  CAF_CHECK_EQUAL(outcome(carry(dialer, listener)), "wrong_cluster");
  CAF_CHECK(listener.output().empty());
}

CAF_TEST(a stranger is refused before it costs a signature) {
  auto dialer = secure_channel::dialer(settings, stranger, replica.identity(), seed_of(10));
  auto listener = listen();
  CAF_CHECK_EQUAL(outcome(carry(dialer, listener)), "unknown_replica");
  CAF_CHECK(listener.output().empty());
}

CAF_TEST(the dialer refuses whoever is not the one it dialled) {
  auto dialer = secure_channel::dialer(settings, other, stranger.identity(), seed_of(10));
  auto listener = listen();
  CAF_REQUIRE(listener.receive(dialer.take_output(), at_listener));
  // At the hello, not only at the signature.
  CAF_CHECK_EQUAL(outcome(dialer.receive(listener.take_output(), at_dialer)), "handshake_failed");
  CAF_CHECK(dialer.output().empty());
}

CAF_TEST(nobody talks to itself) {
  // The genesis file knows the key, so only this check keeps a wrong address from looking right.
  auto listener = secure_channel::listener(
      settings, replica, [](peer_role, const public_key&) { return expected<void>{}; },
      seed_of(20));
  auto dialer = secure_channel::dialer(settings, replica, replica.identity(), seed_of(10));
  CAF_CHECK_EQUAL(outcome(carry(dialer, listener)), "handshake_failed");
}

CAF_TEST(the dialer refuses a listener that is no replica) {
  settings.role = peer_role::client;
  auto listener = secure_channel::listener(settings, replica, genesis(), seed_of(20));
  settings.role = peer_role::replica;
  auto dialer = dial();
  CAF_CHECK_EQUAL(outcome(carry(dialer, listener)), "handshake_failed");
}

CAF_TEST(claiming a known key is not having it) {
  // The stranger says that it is `other`, but can sign only as itself.
  handshake::hello claim;
  claim.cluster = settings.cluster;
  claim.identity = other.identity();
  claim.exchange.data.fill(9);
  auto hello = handshake::encode(frame_type::dialer_hello, claim);
  auto listener = listen();
  CAF_REQUIRE(listener.receive(framed(hello), at_listener));
  auto answer = listener.take_output().substr(4);
  handshake::proof p;
  auto payload = handshake::proof_payload(frame_type::dialer_proof, hash(hello + answer), p.header);
  p.signature = stranger.sign(purpose::handshake, settings.cluster, payload);
  auto result
      = listener.receive(framed(handshake::encode(frame_type::dialer_proof, p)), at_listener);
  CAF_CHECK_EQUAL(outcome(result), "handshake_failed");

  // Whereas with the key the very same frames are accepted, so the test tests the signature.
  auto second = listen();
  CAF_REQUIRE(second.receive(framed(hello), at_listener));
  p.signature = other.sign(purpose::handshake, settings.cluster, payload);
  CAF_CHECK(second.receive(framed(handshake::encode(frame_type::dialer_proof, p)), at_listener));
}

CAF_TEST(a weak exchange key is refused) {
  handshake::hello claim;
  claim.cluster = settings.cluster;
  claim.identity = other.identity(); // exchange key: all zeros, which gives everyone's secret
  auto listener = listen();
  auto result
      = listener.receive(framed(handshake::encode(frame_type::dialer_hello, claim)), at_listener);
  CAF_CHECK_EQUAL(outcome(result), "handshake_failed");
}

CAF_TEST(a replayed handshake proves nothing) {
  // An eavesdropper keeps what the dialer sent and plays it to a listener with a fresh key.
  auto dialer = dial();
  auto listener = listen(20);
  auto hello = dialer.take_output();
  CAF_REQUIRE(listener.receive(hello, at_listener));
  CAF_REQUIRE(dialer.receive(listener.take_output(), at_dialer));
  auto proof = dialer.take_output();
  CAF_REQUIRE(listener.receive(proof, at_listener));
  CAF_CHECK(listener.established());

  auto again = listen(21);
  CAF_CHECK(again.receive(hello, at_listener));
  CAF_CHECK_EQUAL(outcome(again.receive(proof, at_listener)), "handshake_failed");
  CAF_CHECK(!again.established());
}

CAF_TEST(a reflected handshake is refused) {
  auto dialer = dial();
  auto hello = dialer.take_output();
  CAF_CHECK_EQUAL(outcome(dialer.receive(hello, at_dialer)), "malformed");

  // Nor may the type be forged: the hello that comes back has our own identity.
  auto second = dial();
  auto reflected = second.take_output();
  reflected[4] = static_cast<char>(frame_type::listener_hello);
  CAF_CHECK_EQUAL(outcome(second.receive(reflected, at_dialer)), "handshake_failed");

  // Nor does a dialer's proof do for a listener's.
  auto third = dial();
  auto listener = listen();
  CAF_REQUIRE(listener.receive(third.take_output(), at_listener));
  CAF_REQUIRE(third.receive(listener.take_output(), at_dialer));
  auto proof = third.take_output();
  proof[4] = static_cast<char>(frame_type::listener_proof);
  CAF_CHECK_EQUAL(outcome(third.receive(proof, at_dialer)), "handshake_failed");
}

CAF_TEST(a man in the middle cannot swap keys) {
  // He answers the dialer with a hello of his own exchange key under the replica's name.
  auto dialer = dial();
  auto hello = dialer.take_output();
  auto listener = listen();
  CAF_REQUIRE(listener.receive(hello, at_listener));
  auto answer = listener.take_output();
  auto swapped = answer;
  swapped[4 + 4 + 64] = static_cast<char>(swapped[4 + 4 + 64] ^ 1);
  CAF_REQUIRE(dialer.receive(swapped, at_dialer));
  // The two transcripts differ, so the listener refuses the proof.
  CAF_CHECK_EQUAL(outcome(listener.receive(dialer.take_output(), at_listener)), "handshake_failed");
}

CAF_TEST(every byte of the handshake counts) {
  for (int step = 0; step < 4; ++step) {
    for (std::size_t at = 4; at < 4 + handshake::hello::size; ++at) {
      auto dialer = dial();
      auto listener = listen();
      auto ok = true;
      for (int i = 0; ok && i < 4; ++i) {
        auto& from = i % 2 == 0 ? dialer : listener;
        auto& to = i % 2 == 0 ? listener : dialer;
        auto frame = from.take_output();
        if (i == step && at < frame.size())
          frame[at] = static_cast<char>(frame[at] ^ 0x40);
        else if (i == step)
          frame.clear(); // past the end of a proof: nothing to flip
        ok = to.receive(frame, at_listener).has_value();
      }
      // Never both: the last proof reaches only the dialer.
      if (dialer.established())
        CAF_FAIL("flipped byte " << at << " of frame " << step << " went unnoticed");
      if (step < 3 && listener.established())
        CAF_FAIL("flipped byte " << at << " of frame " << step << " went unnoticed");
    }
  }
  CAF_CHECK(at_listener.empty());
}

CAF_TEST(a later version is named as such) {
  auto hello = dial().take_output();
  hello[6] = 2;
  auto listener = listen();
  CAF_CHECK_EQUAL(outcome(listener.receive(hello, at_listener)), "unsupported_version");

  // Even when its hello is of another size.
  auto second = listen();
  CAF_CHECK_EQUAL(outcome(second.receive(framed({"\x01\x00\x02 and more", 12}), at_listener)),
                  "unsupported_version");
}

CAF_TEST(lengths are judged before anything is kept) {
  auto listener = listen();
  CAF_CHECK_EQUAL(outcome(listener.receive({"\xff\xff\xff\xff", 4}, at_listener)), "too_large");
  auto stray = listen();
  CAF_CHECK_EQUAL(outcome(stray.receive("GET / HTTP/1.1\r\n\r\n", at_listener)), "too_large");
  auto empty = listen();
  CAF_CHECK_EQUAL(outcome(empty.receive({"\0\0\0\0", 4}, at_listener)), "malformed");

  settings.max_frame_bytes = 1000;
  auto [dialer, open] = connected();
  CAF_CHECK_EQUAL(outcome(dialer.send(bytes(1001, 'x'))), "too_large");
  CAF_CHECK(dialer.send(bytes(1000, 'x')));
  CAF_CHECK(open.receive(dialer.take_output(), at_listener));
  CAF_CHECK_EQUAL(outcome(open.receive({"\0\0\x03\xfa", 4}, at_listener)), "too_large"); // 1018
  auto [again, shortened] = connected();
  CAF_CHECK_EQUAL(outcome(shortened.receive({"\0\0\0\x10", 4}, at_listener)), "malformed"); // 16
}

CAF_TEST(a changed data frame is refused and ends the channel) {
  for (std::size_t at = 0; at < 4 + 5 + secure_channel::seal_bytes; ++at) {
    auto [dialer, listener] = connected();
    at_listener.clear();
    CAF_REQUIRE(dialer.send("first") && dialer.send("other"));
    auto stream = dialer.take_output();
    stream[at] = static_cast<char>(stream[at] ^ 1);
    auto ok = listener.receive(stream, at_listener);
    CAF_CHECK(at_listener.empty());
    // A longer length waits for bytes that never come; everything else is seen at once.
    if (ok)
      CAF_CHECK(at < 4);
    else
      CAF_CHECK(!listener.established() && !listener.send("answer"));
  }
}

CAF_TEST(lost and repeated and reordered frames are refused) {
  auto tampered = [&](auto change) {
    auto [dialer, listener] = connected();
    for (auto text : {"one", "two", "three"})
      CAF_REQUIRE(dialer.send(text));
    auto frames = frames_of(dialer.take_output());
    CAF_REQUIRE_EQUAL(frames.size(), 3u);
    change(frames);
    expected<void> ok;
    for (auto& frame : frames)
      if (ok)
        ok = listener.receive(frame, at_listener);
    return ok;
  };
  CAF_CHECK(tampered([](auto&) {}));
  CAF_CHECK(!tampered([](auto& f) { f.erase(f.begin()); }));
  CAF_CHECK(!tampered([](auto& f) { f.erase(f.begin() + 1); }));
  CAF_CHECK(!tampered([](auto& f) { f.insert(f.begin(), f[0]); }));
  CAF_CHECK(!tampered([](auto& f) { std::swap(f[1], f[2]); }));
}

CAF_TEST(frames of one session are nothing to another) {
  auto [dialer, listener] = connected();
  std::pair second{dial(11), listen(21)};
  CAF_REQUIRE(carry(second.first, second.second));
  CAF_REQUIRE(dialer.send("mine"));
  auto frame = dialer.take_output();
  CAF_CHECK_EQUAL(outcome(second.second.receive(frame, at_listener)), "malformed");
  // Nor to the sender itself: each direction has its own key.
  CAF_CHECK_EQUAL(outcome(dialer.receive(frame, at_dialer)), "malformed");
}

CAF_TEST(an error is final) {
  auto listener = listen();
  CAF_CHECK(!listener.receive("GET / HTTP/1.1", at_listener));
  auto dialer = dial();
  CAF_CHECK_EQUAL(outcome(listener.receive(dialer.take_output(), at_listener)), "too_large");
}

CAF_TEST(noise never opens a channel) {
  splitmix64 random{99};
  for (int i = 0; i < 2000; ++i) {
    auto listener = listen();
    auto dialer = dial();
    auto noise = random_bytes(random, random.below(300));
    if (i % 2 == 0)
      noise = framed(byte_view{noise}.substr(0, std::min<std::size_t>(noise.size(), 127)));
    std::ignore = listener.receive(noise, at_listener);
    std::ignore = dialer.receive(noise, at_dialer);
    CAF_REQUIRE(!listener.established() && !dialer.established());
  }
  CAF_CHECK(at_listener.empty() && at_dialer.empty());
}

CAF_TEST_FIXTURE_SCOPE_END()
