# frozen_string_literal: true

require "rbconfig"
require "tempfile"

# A child process: its program, its output, and signals to it.
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

  # Other keywords are for Kernel#spawn.
  def initialize(*command, env: {}, chdir: ROOT, **)
    @errors = Tempfile.new("kino-child")
    @output, writer = IO.pipe
    @output.timeout = LIMIT
    @seen = +""
    # A process group of its own, which includes its descendants.
    @pid = spawn(env, *command, chdir:, out: writer, err: @errors.path, in: File::NULL, pgroup: true, **)
    writer.close
  end

  # @param pattern [Regexp]
  # @return [MatchData] in its output; waits for it
  def line(pattern)
    until (match = pattern.match(@seen))
      @seen << (@output.gets || raise("it ended: #{@seen}#{errors}"))
    end
    match
  end

  # @return [Integer] the port that it prints
  def port = Integer(line(%r{^listening: http://\S+:(\d+)$})[1])

  # @return [String] all of its output; waits for its end
  def output = @seen << @output.read

  # @return [String] its output on stderr
  def errors = File.read(@errors.path)

  # @return [void]
  def signal(name) = Process.kill(name, pid)

  # @return [Process::Status] waits for its end
  def status
    @status ||= begin
      # Waits for the end of its output, with a timeout.
      output
      Process.wait2(pid).last
    end
  end

  # @return [Process::Status] waits only for the process to end, even if descendants keep its output open
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
    nil # no process is left
  end
end
