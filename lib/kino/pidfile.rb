# frozen_string_literal: true

require "etc"
require "kino/errors"

module Kino
  # The file that says which process serves. While it says so no other Kino takes it.
  #
  # A claim writes a draft beside the file, under a fixed name and locked (flock), and renames it. So of several that
  # find a stale file exactly one is at it at a time, a reader finds one pid or the other and never none, and the owner
  # has a lock on what it has claimed, which it keeps for its life.
  #
  # Neither the pid nor the lock is enough to know an owner by. Process ids are used again. A process that an app has
  # forked has the lock too, and may outlive us; so has whoever may read the file, if he wants it. So an owner lives if
  # there is a process of that id and the file is locked. Where it is not locked it may be another program's, which is
  # left its file unless the process surely began after the file was written. That alone was the rule once, and the
  # clocks of files and processes part when the time is set: then a living owner was taken for dead.
  class Pidfile
    # How long to wait for others that claim the file, in seconds. They need microseconds for it.
    LOCK_TIMEOUT = 2.0
    # What the clocks of files and processes may differ, in seconds.
    CLOCK_TOLERANCE = 2.0
    # More than any pid has digits.
    MAX_BYTES = 32
    # Neither follows a symlink nor waits for the other end of a pipe.
    FLAGS = File::RDWR | File::NOFOLLOW | File::NONBLOCK
    private_constant :LOCK_TIMEOUT, :CLOCK_TOLERANCE, :MAX_BYTES, :FLAGS

    # @return [String] absolute
    attr_reader :path

    # @param path [String]
    # @param directory [String, nil] what a relative path is relative to; nil means the working directory of now
    def initialize(path, directory: nil)
      @path = File.expand_path(path, directory)
      @draft = "#{@path}.new"
    end

    # Writes our pid. Does nothing where it is there already.
    #
    # @param from [Integer, nil] pid of the process that this one takes over from, which may still live
    # @return [self]
    # @raise [PidfileError] if its owner lives, if it is no pidfile at all, or if it cannot be written
    def claim(from: nil)
      exclusively do |draft|
        replace(draft) unless owned(from)
      end
      self
    rescue SystemCallError => error
      refuse(reason(error))
    end

    # Removes it, if it still is ours.
    #
    # @return [Boolean] whether it was
    def release
      # Asked again when nobody else can be at it.
      return false unless ours?

      exclusively { ours?.tap { |ours| File.unlink(path) if ours } }
    rescue SystemCallError, PidfileError
      false # it is gone, or something else by now: nothing of ours
    ensure
      @claimed&.close
      @claimed = nil
    end

    private

    # Yields the draft, locked: no other process is between here and there meanwhile. It is gone afterwards, if it has
    # not become the file.
    def exclusively
      draft = locked_draft
      yield draft
    ensure
      if draft && !draft.equal?(@claimed)
        File.unlink(@draft)
        draft.close
      end
    end

    # Who waited for the lock may have got one that was renamed or removed meanwhile.
    def locked_draft
      deadline = now + LOCK_TIMEOUT
      loop do
        file = open_draft
        return file if file.flock(File::LOCK_EX | File::LOCK_NB) && names?(@draft, file)

        file.close
        refuse("cannot be written: #{@draft} is locked by another process") if now > deadline
        sleep 0.005
      end
    end

    def open_draft
      file = File.new(@draft, FLAGS | File::CREAT, 0o644)
      return file if file.stat.file?

      file.close
      raise Errno::EISDIR
    rescue Errno::ELOOP, Errno::EISDIR
      refuse("cannot be written: #{@draft} is no regular file")
    end

    # @return [Boolean] whether we have claimed it before
    # @raise [PidfileError] if somebody else owns it
    def owned(from)
      existing do |file|
        owner = owner_of(file)
        return true if owner == Process.pid && @claimed && names?(path, @claimed)

        stale = [nil, Process.pid, from].include?(owner) || !lives?(owner, file)
        refuse("names process #{owner}, which runs; is that a server already?") unless stale
      end
      false
    end

    def ours? = existing { |file| owner_of(file) == Process.pid } || false

    def existing
      File.open(path, FLAGS) do |file|
        refuse("is no regular file") unless file.stat.file?
        yield file
      end
    rescue Errno::ENOENT
      nil
    end

    def names?(name, file)
      File.lstat(name).then { |named| [named.dev, named.ino] } == [file.stat.dev, file.stat.ino]
    rescue Errno::ENOENT
      false
    end

    # @return [Integer, nil] nil for an empty file
    def owner_of(file)
      text = file.pread(MAX_BYTES, 0)
      text[/\A\s*([1-9]\d{0,9})\s*\z/, 1]&.to_i || refuse("holds no process id but #{text.inspect}")
    rescue EOFError
      nil
    end

    def lives?(owner, file) = process?(owner) && (locked?(file) || !began_later?(owner, file))

    def process?(pid)
      Process.kill(0, pid)
      true
    rescue Errno::EPERM
      true # it is somebody else's
    rescue Errno::ESRCH, RangeError # the latter for a number that no process can have
      false
    end

    # An owner's lock is exclusive. One that readers share is none of an owner's, and does not stand in the way here.
    def locked?(file) = !file.flock(File::LOCK_SH | File::LOCK_NB)

    def began_later?(pid, file)
      began = began_at(pid)
      !began.nil? && began > file.stat.mtime.to_f + CLOCK_TOLERANCE
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

    def replace(draft)
      text = "#{Process.pid}\n"
      draft.truncate(0) # a crash may have left something in it
      draft.pwrite(text, 0)
      File.rename(@draft, path)
      former = @claimed
      @claimed = draft # open, and so locked, until the release
      former&.close
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
