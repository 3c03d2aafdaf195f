# frozen_string_literal: true

require "tempfile"

# What this process, all of its Ractors and its children write to stderr. It goes to a file, not a pipe, so that nobody
# has to read it and that the report of a crashing VM survives.
class CapturedStderr
  # @yieldparam captured [CapturedStderr]
  # @return [String] what is written to stderr during the block
  def self.of
    captured = new
    captured.capture { yield captured }
    captured.peek
  ensure
    captured.remove
  end

  def initialize
    @file = Tempfile.new("kino-stderr")
    @checked = false
  end

  # @return [Object] what the block returns
  def capture
    $stderr.flush
    former = $stderr.dup
    $stderr.reopen(@file.path, "a")
    $stderr.sync = true
    yield
  ensure
    $stderr.reopen(former)
    former.close
  end

  # Marks the capture as checked: the example knows what it expects there.
  # @return [String]
  def text
    @checked = true
    peek
  end

  # @return [String]
  def peek = File.read(@file.path)

  def checked? = @checked

  # @return [void]
  def remove = @file.close!
end
