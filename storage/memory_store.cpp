#include "storage/memory_store.hpp"

#include <array>
#include <map>
#include <mutex>
#include <vector>

namespace bourse::storage {

namespace {

using content = std::map<bytes, bytes, std::less<>>;

/// What one write replaced: enough to take it back.
struct undo_entry {
  family where;
  bytes key;
  std::optional<bytes> before;
};
using undo_list = std::vector<undo_entry>;

content::const_iterator end_of(const content& c, byte_view to) {
  return to.empty() ? c.end() : c.lower_bound(to);
}

bool empty_range(byte_view from, byte_view to) {
  return !to.empty() && to <= from;
}

using contents = std::array<content, family_count>;

const content& of(const contents& all, family where) {
  return all[static_cast<std::size_t>(where)];
}

std::optional<bytes> get_in(const content& c, byte_view key) {
  auto i = c.find(key);
  return i == c.end() ? std::nullopt : std::optional{i->second};
}

void scan_in(const content& c, byte_view from, byte_view to,
             const std::function<bool(byte_view, byte_view)>& visit) {
  if (empty_range(from, to))
    return;
  auto end = end_of(c, to);
  for (auto i = c.lower_bound(from); i != end; ++i)
    if (!visit(i->first, i->second))
      break;
}

std::optional<std::pair<bytes, bytes>> last_in(const content& c, byte_view from, byte_view to) {
  if (empty_range(from, to))
    return std::nullopt;
  auto i = end_of(c, to);
  if (i == c.begin())
    return std::nullopt;
  --i;
  if (i->first < from)
    return std::nullopt;
  return std::pair{i->first, i->second};
}

} // namespace

struct memory_disk::state {
  // Recursive, so that a visitor of `scan` may read.
  mutable std::recursive_mutex mutex;
  contents families;
  /// One for each write since the last sync, oldest first.
  std::vector<undo_list> unsynced;
  std::uint64_t syncs = 0;
  std::optional<std::uint64_t> writes_left;
  memory_disk::watcher watcher;
  /// Counts crashes, so that a dead node's store can tell.
  std::uint64_t life = 0;

  content& at(family f) {
    return families[static_cast<std::size_t>(f)];
  }

  void change(undo_list& undo, family where, const bytes& key, const std::optional<bytes>& value) {
    auto& c = at(where);
    auto i = c.find(key);
    undo.push_back({where, key, std::nullopt});
    if (i == c.end()) {
      if (value)
        c.emplace(key, *value);
      return;
    }
    undo.back().before = std::move(i->second);
    if (value)
      i->second = *value;
    else
      c.erase(i);
  }

  void apply(const write_batch& batch) {
    auto& undo = unsynced.emplace_back();
    for (const auto& r : batch.ranges()) {
      if (empty_range(r.from, r.to))
        continue;
      auto& c = at(r.where);
      auto begin = c.lower_bound(r.from);
      auto end = end_of(c, r.to);
      for (auto i = begin; i != end; ++i)
        undo.push_back({r.where, i->first, i->second});
      c.erase(begin, end);
    }
    for (const auto& o : batch.operations())
      change(undo, o.where, o.key, o.value);
  }

  void take_back(undo_list& undo) {
    for (auto i = undo.rbegin(); i != undo.rend(); ++i) {
      if (i->before)
        at(i->where).insert_or_assign(std::move(i->key), std::move(*i->before));
      else
        at(i->where).erase(i->key);
    }
  }
};

memory_disk::memory_disk() : state_(std::make_shared<state>()) {}

memory_disk::~memory_disk() = default;

void memory_disk::crash() {
  crash_keeping(0);
}

void memory_disk::crash_keeping(std::size_t writes) {
  std::scoped_lock guard{state_->mutex};
  auto& unsynced = state_->unsynced;
  while (unsynced.size() > writes) {
    state_->take_back(unsynced.back());
    unsynced.pop_back();
  }
  unsynced.clear();
  state_->writes_left.reset();
  ++state_->life;
}

std::size_t memory_disk::unsynced() const {
  std::scoped_lock guard{state_->mutex};
  return state_->unsynced.size();
}

void memory_disk::fail_after(std::uint64_t writes) {
  std::scoped_lock guard{state_->mutex};
  state_->writes_left = writes;
}

bool memory_disk::failing() const {
  std::scoped_lock guard{state_->mutex};
  return state_->writes_left.has_value();
}

std::uint64_t memory_disk::syncs() const {
  std::scoped_lock guard{state_->mutex};
  return state_->syncs;
}

std::size_t memory_disk::entries(family where, byte_view last) const {
  std::scoped_lock guard{state_->mutex};
  const auto& all = of(state_->families, where);
  return static_cast<std::size_t>(std::distance(all.begin(), all.upper_bound(bytes(last))));
}

std::optional<bytes> memory_disk::durable(family where, byte_view key) const {
  std::scoped_lock guard{state_->mutex};
  for (const auto& write : state_->unsynced)
    for (const auto& change : write)
      if (change.where == where && change.key == key)
        return change.before;
  return get_in(of(state_->families, where), key);
}

void memory_disk::watch(watcher w) {
  std::scoped_lock guard{state_->mutex};
  state_->watcher = std::move(w);
}

class memory_store final : public store {
public:
  explicit memory_store(const memory_disk& disk) : disk_(disk.state_) {
    std::scoped_lock guard{disk_->mutex};
    life_ = disk_->life;
  }

  expected<void> write(const write_batch& batch, durability how) override {
    std::scoped_lock guard{disk_->mutex};
    if (auto ok = alive(); !ok)
      return ok;
    if (disk_->watcher)
      disk_->watcher(memory_disk::moment::before, how);
    if (auto ok = alive(); !ok)
      return ok;
    if (failed_ || disk_->writes_left == 0u) {
      failed_ = true;
      return fail(errc::io_failed, "the disk was told to fail");
    }
    if (disk_->writes_left)
      --*disk_->writes_left;
    disk_->apply(batch);
    if (how == durability::synced) {
      disk_->unsynced.clear();
      ++disk_->syncs;
    }
    if (disk_->watcher)
      disk_->watcher(memory_disk::moment::after, how);
    return alive();
  }

  expected<std::optional<bytes>> get(family where, byte_view key) const override {
    std::scoped_lock guard{disk_->mutex};
    if (auto ok = alive(); !ok)
      return tl::unexpected{ok.error()};
    return get_in(of(disk_->families, where), key);
  }

  expected<void> scan(family where, byte_view from, byte_view to,
                      const std::function<bool(byte_view, byte_view)>& visit) const override {
    std::scoped_lock guard{disk_->mutex};
    if (auto ok = alive(); !ok)
      return ok;
    scan_in(of(disk_->families, where), from, to, visit);
    return {};
  }

  expected<std::optional<std::pair<bytes, bytes>>> last(family where, byte_view from,
                                                        byte_view to) const override {
    std::scoped_lock guard{disk_->mutex};
    if (auto ok = alive(); !ok)
      return tl::unexpected{ok.error()};
    return last_in(of(disk_->families, where), from, to);
  }

  std::unique_ptr<reader> snapshot() const override;

private:
  expected<void> alive() const {
    if (life_ != disk_->life)
      return fail(errc::io_failed, "the node of this store has crashed");
    return {};
  }

  std::shared_ptr<memory_disk::state> disk_;
  std::uint64_t life_ = 0;
  bool failed_ = false;
};

/// A copy: small, as what is kept in memory is.
class memory_snapshot final : public reader {
public:
  explicit memory_snapshot(contents c) : families_(std::move(c)) {}

  expected<std::optional<bytes>> get(family where, byte_view key) const override {
    return get_in(of(families_, where), key);
  }
  expected<void> scan(family where, byte_view from, byte_view to,
                      const std::function<bool(byte_view, byte_view)>& visit) const override {
    scan_in(of(families_, where), from, to, visit);
    return {};
  }
  expected<std::optional<std::pair<bytes, bytes>>> last(family where, byte_view from,
                                                        byte_view to) const override {
    return last_in(of(families_, where), from, to);
  }

private:
  contents families_;
};

std::unique_ptr<reader> memory_store::snapshot() const {
  std::scoped_lock guard{disk_->mutex};
  return std::make_unique<memory_snapshot>(disk_->families);
}

std::unique_ptr<store> open_memory_store(const memory_disk& disk) {
  return std::make_unique<memory_store>(disk);
}

} // namespace bourse::storage
