# frozen_string_literal: true

require "rbconfig"
require "tempfile"

# A process of its own: a program, its output, and signals for it.
class Child
  # Seconds; a guard against hanging.
  LIMIT = 30

  ROOT = File.expand_path("../..", __dir__)

  # @return [Child] exe/kino with these arguments
  def self.kino(*argv, **) = new(RbConfig.ruby, "-I#{ROOT}/lib", "-I#{ROOT}/spec", "#{ROOT}/exe/kino", *argv, **)

  # @return [Child] Ruby with this program
  def self.ruby(program, **) = new(RbConfig.ruby, "-I#{ROOT}/lib", "-I#{ROOT}/spec", "-e", program, **)

  # @return [Integer]
  attr_reader :pid

  # @return [String] its output, as far as it has been read
  attr_reader :seen

  # What else is given is for Kernel#spawn.
  def initialize(*command, env: {}, chdir: ROOT, **)
    @errors = Tempfile.new("kino-child")
    @output, writer = IO.pipe
    @output.timeout = LIMIT
    @seen = +""
    # A group of its own, to which those belong that it starts and that outlive it.
    @pid = spawn(env, *command, chdir:, out: writer, err: @errors.path, in: File::NULL, pgroup: true, **)
    writer.close
  end

  # @param pattern [Regexp]
  # @return [MatchData] of the first line of its output that matches; waits for it
  def line(pattern)
    until (match = pattern.match(@seen))
      @seen << (@output.gets || raise("it ended: #{@seen}#{errors}"))
    end
    match
  end

  # @return [Integer] where it says that it listens
  def port = Integer(line(%r{^listening: http://\S+:(\d+)$})[1])

  # @return [String] all that it has written
  def output = @seen << @output.read

  # @return [String] what it has written to stderr
  def errors = File.read(@errors.path)

  # @return [void]
  def signal(name) = Process.kill(name, pid)

  # @return [Process::Status] waits for its end
  def status
    @status ||= begin
      # All that it could write has been written then: a wait that has a limit.
      output
      Process.wait2(pid).last
    end
  end

  # @return [Process::Status] waits for its end, whoever else goes on
  def own_status
    return @status if @status

    wait = Process.detach(pid)
    @status = wait.join(LIMIT) ? wait.value : raise("it did not end: #{errors}")
  end

  # @return [void]
  def close
    kill_group
    Process.wait(pid) unless @status
    @output.close
    @errors.close!
  end

  private

  def kill_group
    Process.kill("KILL", -pid)
  rescue Errno::ESRCH
    nil # nobody is left
  end
end
