// From a log to the message that is kept of it, and back.
#pragma once

#include <memory>
#include <string>

#include "async/worker_pool.hpp"
#include "generation/delta.hpp"
#include "generation/log.hpp"
#include "generation/request.hpp"

namespace sluice::agent {

/// What the log's first choice amounts to, as far as it is published.
generation::message read_answer(const generation::log& from);

/// Text of one kind, parts joined.
std::string text_of(const generation::message& answer);
std::string reasoning_of(const generation::message& answer);

/// An ended log for those who come back when the first one is gone: it begins above `last_number`, the number that one
/// ended with, with a rewind that keeps nothing. Made again it is numbered the same.
std::shared_ptr<generation::log> make_log(async::worker_pool& workers, const std::string& id,
                                          const generation::message& answer, generation::finish how,
                                          std::uint64_t last_number);

}  // namespace sluice::agent
