# shellcheck shell=bash
# A private apt for sid's and experimental's packages, for download only.
#
# Its lists, cache, sources and (empty) list of installed packages are under our cache folder, so the system's apt is
# not affected. Signatures are checked with Debian's keyring. The system's settings are read first, for its proxies;
# those that would act on the system are cleared.

KINO_APT="$KINO_CACHE/apt"

papt_get() { apt-get -q -c "$KINO_APT/apt.conf" "$@"; }
papt_cache() { apt-cache -q -c "$KINO_APT/apt.conf" "$@"; }

# papt_setup [force]: writes the settings and downloads the lists, unless they are less than a day old.
papt_setup() {
  if [ "${1:-}" != force ] && [ -n "$(find "$KINO_APT/updated" -mtime -1 2>/dev/null)" ]; then return 0; fi
  local mirror
  rm -f "$KINO_APT/updated"
  mkdir -p "$KINO_APT/lists/partial" "$KINO_APT/cache/archives/partial" "$KINO_APT/etc" || return 1
  : >"$KINO_APT/status"
  papt_write_config || return 1
  for mirror in $(debian_mirrors); do
    papt_write_sources "$mirror"
    if papt_get update -o APT::Update::Error-Mode=any && papt_cache show ruby-rack >/dev/null; then
      touch "$KINO_APT/updated"
      return 0
    fi
  done
  return 1
}

papt_write_config() {
  cat >"$KINO_APT/apt.conf" <<EOF
#clear APT::Default-Release;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear Acquire::IndexTargets::deb::DEP-11;
#clear Acquire::IndexTargets::deb::DEP-11-icons;
#clear Acquire::IndexTargets::deb::DEP-11-icons-small;
Acquire::Languages "none";
Acquire::Retries "3";
APT::Sandbox::User "root";
Dir::Etc::SourceList "$KINO_APT/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
Dir::State "$KINO_APT";
Dir::State::Lists "$KINO_APT/lists";
Dir::State::Status "$KINO_APT/status";
Dir::Cache "$KINO_APT/cache";
EOF
}

papt_write_sources() {
  local options
  options="[signed-by=$(debian_keyring)]"
  cat >"$KINO_APT/sources.list" <<EOF
deb $options $1 sid main
deb-src $options $1 sid main
deb-src $options $1 experimental main
EOF
}

# Ubuntu and others have apt, but not Debian's keys.
need_debian_keyring() {
  if [ -z "$(debian_keyring)" ]; then need_packages "Checking Debian's signatures" debian-archive-keyring; fi
}

debian_keyring() {
  local file
  for file in /usr/share/keyrings/debian-archive-keyring.gpg /usr/share/keyrings/debian-archive-keyring.pgp; do
    if [ -f "$file" ]; then
      printf '%s\n' "$file"
      break
    fi
  done
}

# debian_mirrors: the mirror that the system uses, if it is a Debian, then Debian's own.
debian_mirrors() {
  {
    cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null |
      sed -e 's/#.*//' | tr -s ' \t' '\n' | grep -E '^https?://.*/debian/?$' | sed -e 's,/$,,' | head -n 1
    echo http://deb.debian.org/debian
  } | awk '!seen[$0]++'
}

# papt_source_series: the ruby series that have a source package, the newest first.
papt_source_series() {
  papt_get indextargets --format '$(FILENAME)' 'Created-By: Sources' |
    while IFS= read -r file; do /usr/lib/apt/apt-helper cat-file "$file"; done |
    sed -n 's/^Package: ruby\([0-9][0-9]*\.[0-9][0-9]*\)$/\1/p' | sort -u -t . -k1,1nr -k2,2nr
}

# papt_source_versions PACKAGE: the versions that the lists name, the newest first.
papt_source_versions() {
  papt_cache showsrc --only-source "$1" 2>/dev/null | sed -n 's/^Version: //p' | sort -rV | uniq
}

# papt_download_source PACKAGE FOLDER: downloads the newest source that the mirror still has (for some listed versions
# it answers 404). Leaves the path of its upstream tarball in KINO_TARBALL.
papt_download_source() {
  local package=$1 folder=$2 version
  for version in $(papt_source_versions "$package"); do
    rm -rf "$folder"
    mkdir -p "$folder"
    echo "Trying $package $version"
    if (cd "$folder" && papt_get source --download-only "$package=$version"); then
      KINO_TARBALL=$(find "$folder" -name '*.orig.tar.*' ! -name '*.asc' | head -n 1)
      if [ -n "$KINO_TARBALL" ]; then return 0; fi
    fi
  done
  return 1
}
