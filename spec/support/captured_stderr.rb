# frozen_string_literal: true

require "tempfile"

# Captures everything that this process, all of its Ractors and its children write to stderr. The output goes to a file,
# not a pipe, so that no thread has to read it and the report of a crashing VM survives.
class CapturedStderr
  # @yieldparam captured [CapturedStderr]
  # @return [String] the output on stderr during the block
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

  # @return [Object] the block's result
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

  # Marks the capture as checked: the example looks at the output itself.
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
