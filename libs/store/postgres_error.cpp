#include "store/postgres_error.hpp"

#include <chrono>

namespace sluice::store {
namespace {

constexpr std::chrono::milliseconds retry_after{1'000};
constexpr std::size_t state_size = 5;

bool has_no_server(std::string_view state) {
  return state.size() != state_size || state.find_first_of(std::string_view("\0 ", 2)) != std::string_view::npos ||
         state.starts_with("08") || state == "57P01" || state == "57P02" || state == "57P03" || state == "57P05" ||
         state == "25P03";
}

bool is_read_only(std::string_view state) {
  return state == "25006";
}

}  // namespace

postgres_advice advice_for(std::string_view state) {
  if (has_no_server(state) || is_read_only(state)) return postgres_advice::reconnect;
  if (state == "40001" || state == "40P01") return postgres_advice::run_again;
  return postgres_advice::give_up;
}

error postgres_error(std::string_view state, std::string cause) {
  const auto make = [&](error_reason reason, std::string message) {
    error made{.reason = reason, .message = std::move(message), .detail = std::move(cause)};
    if (reason == error_reason::unavailable) made.retry_after = retry_after;
    return made;
  };
  if (has_no_server(state)) return make(error_reason::unavailable, "the database is away; try again");
  if (is_read_only(state)) return make(error_reason::unavailable, "the database cannot be written (it is a standby)");
  if (state == "23505") return make(error_reason::conflict, "it exists already");
  if (state == "40001" || state == "40P01" || state == "55P03")
    return make(error_reason::unavailable, "the database is busy; try again");
  if (state == "57014") return make(error_reason::unavailable, "the database took too long; ask for less");
  if (state == "53100") return make(error_reason::unavailable, "the database has no room left on its disk");
  if (state == "53200") return make(error_reason::unavailable, "the database has no memory left");
  if (state.starts_with("53")) return make(error_reason::unavailable, "the database has no connection to spare");
  if (state.starts_with("58")) return make(error_reason::unavailable, "the database cannot read or write its files");
  if (state == "42501") return make(error_reason::internal, "the database's user lacks a right");
  if (state.starts_with("XX00") && state != "XX000") return make(error_reason::internal, "the database is damaged");
  return make(error_reason::internal, "the database failed");
}

error postgres_away(std::string cause) {
  return postgres_error("", std::move(cause));
}

}  // namespace sluice::store
