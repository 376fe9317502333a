// The log of a run under attack: blocks that name heads, and the function that orders what they
// reach.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "fairness/execution_order.hpp"

namespace bourse::simulation {

using namespace messages;

/// F, and the chains it goes by. A test has a weak one of its own, to see that this is found.
class order_function {
public:
  virtual ~order_function() = default;

  /// See fairness::execution_order.
  virtual std::vector<digest> begin(std::span<const chain_head> heads,
                                    const fairness::report_store& store)
      = 0;
  virtual std::vector<submission_ptr> finish(std::span<const submission_ptr> bodies) = 0;
  virtual const fairness::chain_heads& heads() const = 0;
  virtual bool left_over() const = 0;
};

using order_function_maker
    = std::function<std::unique_ptr<order_function>(const market::rules&, cluster_size)>;

/// What replicas run.
inline std::unique_ptr<order_function> true_order(const market::rules& rules, cluster_size size) {
  class execution final : public order_function {
  public:
    execution(const market::rules& r, cluster_size s) : order_(r, s) {}

    std::vector<digest> begin(std::span<const chain_head> heads,
                              const fairness::report_store& store) override {
      return order_.begin(heads, store);
    }
    std::vector<submission_ptr> finish(std::span<const submission_ptr> bodies) override {
      return order_.finish(bodies);
    }
    const fairness::chain_heads& heads() const override {
      return order_.heads();
    }
    bool left_over() const override {
      return order_.order().left_over() > 0;
    }

  private:
    fairness::execution_order order_;
  };
  return std::make_unique<execution>(rules, size);
}

} // namespace bourse::simulation
