#include "tests/storage/test_disk.hpp"

namespace bourse::tests {

std::string memory_test_disk::name() const {
  return "memory";
}

messages::expected<std::unique_ptr<storage::store>> memory_test_disk::open() {
  return storage::open_memory_store(disk_);
}

void memory_test_disk::crash(std::unique_ptr<storage::store> s, const keep_function& keep) {
  disk_.crash_keeping(keep(disk_.unsynced()));
  s.reset();
}

void memory_test_disk::kill(std::unique_ptr<storage::store> s) {
  s.reset();
}

void memory_test_disk::fill_up_after(std::uint64_t writes) {
  disk_.fail_after(writes);
}

std::string rocks_test_disk::name() const {
  return "rocksdb";
}

storage::rocks_options rocks_test_disk::options() {
  storage::rocks_options o;
  o.directory = "/ledger";
  o.write_buffer_mb = 1; // so that even short tests flush
  o.block_cache_mb = 1;
  o.env = env_.env.get();
  return o;
}

messages::expected<std::unique_ptr<storage::store>> rocks_test_disk::open() {
  return storage::open_rocks_store(options());
}

messages::expected<std::unique_ptr<storage::store>> rocks_test_disk::open_read_only() {
  auto o = options();
  o.read_only = true;
  return storage::open_rocks_store(o);
}

void rocks_test_disk::crash(std::unique_ptr<storage::store> s, const keep_function& keep) {
  fs().cut_power(keep);
  s.reset();
  fs().restore_power();
}

void rocks_test_disk::kill(std::unique_ptr<storage::store> s) {
  fs().kill_process();
  s.reset();
  fs().restore_power();
}

void rocks_test_disk::fill_up_after(std::uint64_t writes) {
  fs().fill_up_after(writes);
}

std::vector<std::unique_ptr<test_disk>> both_disks() {
  std::vector<std::unique_ptr<test_disk>> out;
  out.push_back(std::make_unique<memory_test_disk>());
  out.push_back(std::make_unique<rocks_test_disk>());
  return out;
}

} // namespace bourse::tests
