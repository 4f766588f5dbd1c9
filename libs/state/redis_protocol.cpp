#include "state/redis_protocol.hpp"

#include <new>

#include <hiredis/hiredis.h>

namespace sluice::state {
namespace {

// What hiredis calls for each element. A reply's root is made with `new`; elements go where their parent keeps them,
// which does not move while they are filled: its next element comes after they are done.
redis_reply* make(const redisReadTask* task, redis_reply::kind is) {
  redis_reply* const made =
      task->parent == nullptr ? new redis_reply : &static_cast<redis_reply*>(task->parent->obj)->items.emplace_back();
  made->is = is;
  return made;
}

void* make_text(const redisReadTask* task, char* bytes, std::size_t count) {
  using enum redis_reply::kind;
  redis_reply* const made =
      make(task, task->type == REDIS_REPLY_ERROR ? error : (task->type == REDIS_REPLY_STATUS ? status : text));
  made->text.assign(bytes, count);
  return made;
}

void* make_array(const redisReadTask* task, int count) {
  auto& left = *static_cast<std::size_t*>(task->privdata);
  const auto wanted = static_cast<std::size_t>(count);
  if (wanted > left) return nullptr;  // fails the reader
  left -= wanted;
  return make(task, redis_reply::kind::array);
}

void* make_integer(const redisReadTask* task, long long number) {
  redis_reply* const made = make(task, redis_reply::kind::integer);
  made->number = number;
  return made;
}

void* make_nil(const redisReadTask* task) {
  return make(task, redis_reply::kind::nil);
}

void free_root(void* root) {
  delete static_cast<redis_reply*>(root);
}

// What was not asked for, of RESP 3, which hiredis reads from version 1 on: fails the reader. Without it, hiredis would
// give a number in place of an object.
template <class Functions>
void refuse_what_is_newer(Functions& all) {
  if constexpr (requires { all.createDouble; }) all.createDouble = [](auto&&...) -> void* { return nullptr; };
  if constexpr (requires { all.createBool; }) all.createBool = [](auto&&...) -> void* { return nullptr; };
}

redisReplyObjectFunctions make_makers() {
  redisReplyObjectFunctions all{};
  all.createString = make_text;
  all.createArray = make_array;
  all.createInteger = make_integer;
  all.createNil = make_nil;
  all.freeObject = free_root;
  refuse_what_is_newer(all);
  return all;
}

redisReplyObjectFunctions makers = make_makers();

}  // namespace

void redis_reply_parser::free_reader::operator()(redisReader* reader) const {
  redisReaderFree(reader);
}

redis_reply_parser::redis_reply_parser(redis_reply_limits limits)
    : limits_(limits),
      elements_left_(std::make_unique<std::size_t>(limits.elements_max)),
      reader_(redisReaderCreateWithFunctions(&makers)) {
  if (!reader_) throw std::bad_alloc();
  reader_->privdata = elements_left_.get();
}

redis_reply_parser::~redis_reply_parser() = default;
redis_reply_parser::redis_reply_parser(redis_reply_parser&&) noexcept = default;
redis_reply_parser& redis_reply_parser::operator=(redis_reply_parser&&) noexcept = default;

void redis_reply_parser::feed(std::string_view bytes) {
  if (failed() || bytes.empty()) return;
  bytes_ += bytes.size();
  if (redisReaderFeed(reader_.get(), bytes.data(), bytes.size()) != REDIS_OK) failure_ = reader_->errstr;
}

std::optional<redis_reply> redis_reply_parser::next() {
  if (failed()) return std::nullopt;
  void* root = nullptr;
  if (redisReaderGetReply(reader_.get(), &root) != REDIS_OK) {
    failure_ = reader_->err == REDIS_ERR_OOM ? "a reply has too many elements" : reader_->errstr;
    return std::nullopt;
  }
  if (root == nullptr) {
    if (bytes_ > limits_.bytes_max) failure_ = "a reply has too many bytes";
    return std::nullopt;
  }
  *elements_left_ = limits_.elements_max;
  bytes_ = reader_->len - reader_->pos;
  const std::unique_ptr<redis_reply> made(static_cast<redis_reply*>(root));
  return std::move(*made);
}

void append_command(std::string& to, std::span<const std::string_view> words) {
  std::vector<const char*> starts;
  std::vector<std::size_t> sizes;
  for (const std::string_view word : words) {
    starts.push_back(word.data());
    sizes.push_back(word.size());
  }
  char* text = nullptr;
  const auto size = redisFormatCommandArgv(&text, static_cast<int>(words.size()), starts.data(), sizes.data());
  if (size < 0) throw std::bad_alloc();
  to.append(text, static_cast<std::size_t>(size));
  redisFreeCommand(text);
}

}  // namespace sluice::state
