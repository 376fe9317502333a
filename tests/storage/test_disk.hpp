// The two disks that the store's contract is tested on, behind one face.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "storage/memory_store.hpp"
#include "storage/rocks_store.hpp"
#include "tests/storage/forgetful_fs.hpp"

namespace bourse::tests {

/// Given how much is not synced (writes or bytes, as the disk counts), how much of it survives.
using keep_function = std::function<std::size_t(std::size_t)>;

class test_disk {
public:
  virtual ~test_disk() = default;
  virtual std::string name() const = 0;
  virtual messages::expected<std::unique_ptr<storage::store>> open() = 0;
  /// The power goes while `s` is open, and comes back.
  virtual void crash(std::unique_ptr<storage::store> s, const keep_function& keep) = 0;
  /// The process dies while `s` is open: nothing is lost yet.
  virtual void kill(std::unique_ptr<storage::store> s) = 0;
  /// The disk is full after some more writes: at most this many.
  virtual void fill_up_after(std::uint64_t writes) = 0;
};

class memory_test_disk final : public test_disk {
public:
  std::string name() const override;
  messages::expected<std::unique_ptr<storage::store>> open() override;
  void crash(std::unique_ptr<storage::store> s, const keep_function& keep) override;
  void kill(std::unique_ptr<storage::store> s) override;
  void fill_up_after(std::uint64_t writes) override;

private:
  storage::memory_disk disk_;
};

class rocks_test_disk final : public test_disk {
public:
  std::string name() const override;
  messages::expected<std::unique_ptr<storage::store>> open() override;
  messages::expected<std::unique_ptr<storage::store>> open_read_only();
  void crash(std::unique_ptr<storage::store> s, const keep_function& keep) override;
  void kill(std::unique_ptr<storage::store> s) override;
  void fill_up_after(std::uint64_t writes) override;
  forgetful_fs& fs() {
    return *env_.fs;
  }

  storage::rocks_options options();

private:
  forgetful_env env_;
};

/// One of each.
std::vector<std::unique_ptr<test_disk>> both_disks();

} // namespace bourse::tests
