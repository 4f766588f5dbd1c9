// How every command of `sluice` ends, after sysexits.h.
#pragma once

namespace sluice::app {

inline constexpr int exit_fine = 0;
inline constexpr int exit_usage = 2;
inline constexpr int exit_unavailable = 69;  ///< something that is needed is not to be had: a port, a file, a service
inline constexpr int exit_internal = 70;     ///< our bug
inline constexpr int exit_configuration = 78;

}  // namespace sluice::app
