# frozen_string_literal: true

require "etc"
require "kino/errors"

module Kino
  # The file with the id of the serving process. No other Kino takes it while that process runs.
  #
  # A claim writes a draft beside the file, under a fixed name and locked (flock), and renames it. So of several servers
  # that find a stale file, one at a time claims it; a reader finds one pid or the other, never none; and the owner
  # keeps a lock on its file as long as it runs.
  #
  # Neither the pid nor the lock identifies an owner on its own. Process ids are reused. A process that the app has
  # forked has the lock, too, and may outlive us; and anyone who may read the file can lock it. So an owner is alive if
  # a process with that id exists and the file is locked. If it is not locked, it may belong to another program, which
  # keeps it unless the process certainly started after the file was written. That alone was once the rule, but the
  # clocks of files and processes differ after the time was set, and a living owner was taken for dead.
  class Pidfile
    # Seconds to wait for others that claim the file. They need microseconds for it.
    LOCK_TIMEOUT = 2.0
    # Seconds by which the clocks of files and processes may differ.
    CLOCK_TOLERANCE = 2.0
    # More digits than any pid has.
    MAX_BYTES = 32
    # Does not follow a symlink, nor wait for the other end of a pipe.
    FLAGS = File::RDWR | File::NOFOLLOW | File::NONBLOCK
    private_constant :LOCK_TIMEOUT, :CLOCK_TOLERANCE, :MAX_BYTES, :FLAGS

    # @return [String] absolute
    attr_reader :path

    # @param path [String]
    # @param directory [String, nil] the base of a relative path; nil means the current working directory
    def initialize(path, directory: nil)
      @path = File.expand_path(path, directory)
      @draft = "#{@path}.new"
    end

    # Writes our pid. Does nothing if it is there already.
    #
    # @param from [Integer, nil] pid of the process that this one takes over from, which may still run
    # @return [self]
    # @raise [PidfileError] if its owner is alive, if it is not a pidfile, or if it cannot be written
    def claim(from: nil)
      exclusively do |draft|
        replace(draft) unless owned(from)
      end
      self
    rescue SystemCallError => error
      refuse(reason(error))
    end

    # Removes the file if it is still ours.
    #
    # @return [Boolean] whether it was
    def release
      # Checked again while no other process can change it.
      return false unless ours?

      exclusively { ours?.tap { |ours| File.unlink(path) if ours } }
    rescue SystemCallError, PidfileError
      false # it is gone, or is something else by now
    ensure
      @claimed&.close
      @claimed = nil
    end

    private

    # Yields the locked draft, so that no other process claims the file meanwhile. Afterwards the draft is gone, unless
    # it became the file.
    def exclusively
      draft = locked_draft
      yield draft
    ensure
      if draft && !draft.equal?(@claimed)
        File.unlink(@draft)
        draft.close
      end
    end

    # While we waited for the lock, the draft may have been renamed or removed.
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
    # @raise [PidfileError] if another process owns it
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
      true # it belongs to another user
    rescue Errno::ESRCH, RangeError # the latter for an impossible process id
      false
    end

    # An owner's lock is exclusive. A shared lock is a reader's, and does not block this.
    def locked?(file) = !file.flock(File::LOCK_SH | File::LOCK_NB)

    def began_later?(pid, file)
      began = began_at(pid)
      !began.nil? && began > file.stat.mtime.to_f + CLOCK_TOLERANCE
    end

    # When a process started, in seconds since 1970; nil if the system does not tell. It is field 22 of
    # proc_pid_stat(5), in ticks since the boot; the second field may contain any character but ends with the last
    # parenthesis.
    def began_at(pid)
      ticks = File.read("/proc/#{pid}/stat").rpartition(")").last.split.fetch(19).to_i
      boot = Process.clock_gettime(Process::CLOCK_REALTIME) - Process.clock_gettime(Process::CLOCK_BOOTTIME)
      boot + ticks.fdiv(Etc.sysconf(Etc::SC_CLK_TCK))
    rescue SystemCallError, IndexError, NameError
      nil
    end

    def replace(draft)
      text = "#{Process.pid}\n"
      draft.truncate(0) # a crash may have left text in it
      draft.pwrite(text, 0)
      File.rename(@draft, path)
      former = @claimed
      @claimed = draft # stays open, and so locked, until the release
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
