# frozen_string_literal: true

require "etc"
require "kino/errors"

module Kino
  # The file that says which process serves. While it says so no other Kino takes it.
  #
  # What is read and written is read and written under a lock on the file (flock), so that of two that find a stale
  # one exactly one replaces it. The lock is not kept: a process that an app has forked would keep it too, and outlive
  # us. So an owner is alive if its process is, and began before the file was written: process ids are used again.
  class Pidfile
    # How long to wait for others that look at the file. They need microseconds for it.
    LOCK_WAIT = 2.0
    # What the clocks of files and processes may differ, in seconds.
    SLACK = 2.0
    # More than any pid has digits.
    MOST_BYTES = 32
    # Neither follows a symlink nor waits for the other end of a pipe.
    FLAGS = File::RDWR | File::NOFOLLOW | File::NONBLOCK
    private_constant :LOCK_WAIT, :SLACK, :MOST_BYTES, :FLAGS

    # @return [String] absolute
    attr_reader :path

    # @param path [String]
    def initialize(path)
      @path = File.expand_path(path)
    end

    # Writes our pid. Does no harm where it is there already.
    #
    # @param from [Integer, nil] pid of the process that this one takes over from, which may still live
    # @return [self]
    # @raise [PidfileError] if its owner lives, if it is no pidfile at all, or if it cannot be written
    def claim(from: nil)
      locked(FLAGS | File::CREAT) do |file|
        owner = owner_of(file)
        refuse("names process #{owner}, which runs; is that a server already?") if owner && lives?(owner, from, file)
        write(file)
      end
      self
    rescue SystemCallError => error
      refuse(reason(error))
    end

    # Removes it, if it still is ours.
    #
    # @return [Boolean] whether it was
    def release
      locked(FLAGS) do |file|
        ours = owner_of(file) == Process.pid
        File.unlink(path) if ours
        ours
      end
    rescue SystemCallError, PidfileError
      false # it is gone, or something else by now: nothing of ours
    end

    private

    # Yields the file that has the name while the lock is held: who waited for the lock may have got one that was
    # removed meanwhile.
    def locked(flags)
      deadline = now + LOCK_WAIT
      loop do
        File.open(path, flags, 0o644) do |file|
          refuse("is no regular file") unless file.stat.file?
          return yield file if lock(file) && current?(file)
        end
        refuse("is locked by another process") if now > deadline
        sleep 0.005
      end
    end

    def lock(file) = file.flock(File::LOCK_EX | File::LOCK_NB)

    def current?(file)
      File.lstat(path).then { |named| [named.dev, named.ino] } == [file.stat.dev, file.stat.ino]
    rescue Errno::ENOENT
      false
    end

    # @return [Integer, nil] nil for a file that has just been made, or whose writer died at once
    def owner_of(file)
      text = file.pread(MOST_BYTES, 0)
      text[/\A\s*([1-9]\d{0,9})\s*\z/, 1]&.to_i || refuse("holds no process id but #{text.inspect}")
    rescue EOFError
      nil
    end

    def lives?(owner, from, file)
      return false if [Process.pid, from].include?(owner)

      Process.kill(0, owner)
      began = began_at(owner)
      began.nil? || began <= file.stat.mtime.to_f + SLACK
    rescue Errno::EPERM
      true # it is somebody else's
    rescue Errno::ESRCH
      false
    end

    # When a process began, in seconds since 1970: nil where the system does not tell. Field 22 of proc_pid_stat(5), in
    # ticks since the boot; the second field may have any character in it but ends with the last parenthesis.
    def began_at(pid)
      ticks = File.read("/proc/#{pid}/stat").rpartition(")").last.split.fetch(19).to_i
      boot = Process.clock_gettime(Process::CLOCK_REALTIME) - Process.clock_gettime(Process::CLOCK_BOOTTIME)
      boot + ticks.fdiv(Etc.sysconf(Etc::SC_CLK_TCK))
    rescue SystemCallError, IndexError, NameError
      nil
    end

    # The number first, then what may be left behind it: a reader finds one pid or the other on the first line.
    def write(file)
      text = "#{Process.pid}\n"
      file.pwrite(text, 0)
      file.truncate(text.bytesize)
    end

    def reason(error)
      case error
      when Errno::ENOENT then "cannot be made: there is no directory #{File.dirname(path)}"
      when Errno::ELOOP then "is a symlink, which is not followed"
      when Errno::EISDIR then "is a directory"
      when Errno::EACCES, Errno::EPERM then "cannot be written: permission denied"
      else "cannot be used: #{error.class.new.message}"
      end
    end

    def refuse(reason) = raise(PidfileError, "the pidfile #{path} #{reason}")

    def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)
  end
end
