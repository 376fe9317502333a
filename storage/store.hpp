// The seam between the ledger and the disk: ordered keys in families, written in synced batches.
// RocksDB stands behind it in production, memory with a forgetful crash in tests.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "messages/bytes.hpp"
#include "messages/error.hpp"

namespace bourse::storage {

using namespace messages;

/// A column family. layout.hpp has the table of what each holds.
enum class family : std::uint8_t {
  meta = 0,      ///< cluster id, format version, own checkpoint
  consensus = 1, ///< view, votes, prepared certificates, proposals, evidence
  blocks = 2,    ///< committed blocks with certificates
  bodies = 3,    ///< bodies of executed blocks
  results = 4,   ///< block results: reports and own signature; settlements
  reports = 5,   ///< index: which block holds a client's report
  pages = 6,     ///< state pages as of the own checkpoint
  base = 7,      ///< state pages that the log begins from, and those of the base to come
  stamps = 8,    ///< reports of stamps, and bodies that have not executed
};
inline constexpr std::size_t family_count = 9;

std::string_view to_string(family f);

/// What one write changes. Its range deletes come first, whatever the order of the calls: so one
/// batch can clear a family and fill it anew. The other operations follow in their order.
class write_batch {
public:
  struct operation {
    family where;
    bytes key;
    std::optional<bytes> value; ///< nothing: delete
  };
  struct range_delete {
    family where;
    bytes from; ///< included
    bytes to;   ///< excluded
  };

  void put(family where, bytes key, bytes value) {
    size_ += key.size() + value.size();
    operations_.push_back({where, std::move(key), std::move(value)});
  }
  void erase(family where, bytes key) {
    operations_.push_back({where, std::move(key), std::nullopt});
  }
  void erase_range(family where, bytes from, bytes to) {
    ranges_.push_back({where, std::move(from), std::move(to)});
  }
  const std::vector<operation>& operations() const {
    return operations_;
  }
  const std::vector<range_delete>& ranges() const {
    return ranges_;
  }
  std::size_t size_bytes() const {
    return size_;
  }
  bool empty() const {
    return operations_.empty() && ranges_.empty();
  }
  void clear() {
    operations_.clear();
    ranges_.clear();
    size_ = 0;
  }

private:
  std::vector<operation> operations_;
  std::vector<range_delete> ranges_;
  std::size_t size_ = 0;
};

enum class durability : std::uint8_t {
  buffered, ///< survives the process, not the machine; ordered before every later write
  synced,   ///< survives the machine when the call returns
};

/// What can be read. Errors everywhere: io_failed, corrupt.
class reader {
public:
  virtual ~reader() = default;

  /// Nothing: no such key.
  virtual expected<std::optional<bytes>> get(family where, byte_view key) const = 0;
  /// Calls `visit` with keys of [from, to) in ascending order until it returns false. An empty `to`
  /// is the end of the family. Views are valid during the call.
  virtual expected<void>
  scan(family where, byte_view from, byte_view to,
       const std::function<bool(byte_view key, byte_view value)>& visit) const = 0;
  /// The greatest key of [from, to) and its value.
  virtual expected<std::optional<std::pair<bytes, bytes>>> last(family where, byte_view from,
                                                                byte_view to) const = 0;
};

/// One writer, used by the ledger actor alone. A batch is atomic; after a crash the content is all
/// that was synced and then at most a prefix of what was written later.
class store : public reader {
public:
  /// A synced write makes all earlier ones durable as well, even if the batch is empty.
  /// Errors: io_failed (also disk full), after which every later write fails too.
  virtual expected<void> write(const write_batch& batch, durability how) = 0;
  /// The content as it is now, whatever is written later. It must be gone before the store, and
  /// keeps the disk from freeing what is overwritten meanwhile.
  virtual std::unique_ptr<reader> snapshot() const = 0;
};

} // namespace bourse::storage
