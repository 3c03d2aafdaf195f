# frozen_string_literal: true

require "tempfile"

# What this process, all of its Ractors and its children write to stderr during an example. It is a file and not a
# pipe, so that a report of a VM that crashes stays in the directory for temporary files.
class Log
  def initialize
    @file = Tempfile.new("kino-stderr")
    @asked = false
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

  # An example that has asked knows what it expects there.
  # @return [String]
  def text
    @asked = true
    peek
  end

  # @return [String]
  def peek = File.read(@file.path)

  def asked? = @asked

  # @return [void]
  def remove = @file.close!
end
