# shellcheck shell=bash
# System packages: the compilers and headers that must come from the operating system.

have() { command -v "$1" >/dev/null 2>&1; }
have_apt() { have apt-get && have apt-cache && have dpkg-deb; }
is_root() { [ "$(id -u)" = 0 ]; }

# have_header HEADER: whether the C compiler finds it.
have_header() { printf '#include <%s>\n' "$1" | cc -E -x c - >/dev/null 2>&1; }

# is_libclang FILE: whether it is there and more than the C++ half (libclang-cpp.so.14), which Debian packages apart and
# clang-sys passes over.
is_libclang() {
  case ${1##*/} in *-cpp.*) return 1 ;; esac
  [ -f "$1" ]
}

# have_libclang: looks where clang-sys, which bindgen loads libclang with, looks.
have_libclang() {
  local file
  for file in ${LIBCLANG_PATH:+"$LIBCLANG_PATH"} ${LIBCLANG_PATH:+"$LIBCLANG_PATH"/libclang*} \
    /usr/lib/llvm-*/lib/libclang[.-]*so* /usr/lib/*-linux-*/libclang[.-]*so* /usr/lib64/libclang[.-]*so* \
    /usr/lib64/llvm*/lib/libclang[.-]*so* /usr/lib/libclang[.-]*so* /usr/local/lib/libclang[.-]*so* \
    /usr/local/llvm*/lib/libclang[.-]*so* /opt/homebrew/opt/llvm/lib/libclang.dylib \
    /usr/local/opt/llvm/lib/libclang.dylib /Library/Developer/CommandLineTools/usr/lib/libclang.dylib \
    /Applications/Xcode.app/Contents/Developer/Toolchains/XcodeDefault.xctoolchain/usr/lib/libclang.dylib; do
    if is_libclang "$file"; then return 0; fi
  done
  if have llvm-config; then
    for file in "$(llvm-config --libdir 2>/dev/null)"/libclang[.-]*; do
      if is_libclang "$file"; then return 0; fi
    done
  fi
  return 1
}

# need_packages WHAT_FOR PACKAGE...: installs Debian packages as root, else names them and exits.
need_packages() {
  local what_for=$1 log
  shift
  if [ "$#" = 0 ]; then return 0; fi
  if ! have_apt; then
    fail "$what_for needs software that is not installed." \
      "On Debian it is in these packages: $*" \
      "Install what your system calls them, then run this again."
  fi
  if ! is_root; then
    fail "$what_for needs packages that are not installed." \
      "Install them, then run this again:" \
      "  sudo apt-get install $*"
  fi
  say "Installing $* with apt ($what_for needs it)"
  log=$(new_log packages)
  run_logged "$log" install_packages "$@" ||
    fail_with_log "apt could not install $*" "$log" "Install them by hand, then run this again."
}

install_packages() {
  export DEBIAN_FRONTEND=noninteractive
  apt-get install -y --no-install-recommends "$@" && return 0
  # A fresh machine has no package lists yet, an old one has lists of packages that are gone.
  apt-get update && apt-get install -y --no-install-recommends "$@"
}
