// The files of the web pages, in the executable.
#pragma once

#include <span>
#include <string_view>

namespace sluice::gateway {

/// One file as `web/embed.ts` packed it. A packed form that would save nothing is empty.
struct web_file {
  std::string_view path;  ///< as it is asked for, from '/' on
  std::string_view type;
  std::string_view etag;  ///< of the content, without quotes
  bool immutable;         ///< named by its content
  std::string_view plain;
  std::string_view gzip;
  std::string_view brotli;
};

/// Ordered by path; empty if built without pages.
extern const std::span<const web_file> web_files;

}  // namespace sluice::gateway
