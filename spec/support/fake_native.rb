# frozen_string_literal: true

require "kino"

# Stands in for Kino::Native::Worker: gives the requests that it was made with
# (an exception among them is raised), and notes what becomes of them.
class FakeNative
  # Stands in for Kino::Native::Writer.
  class Writer
    def initialize(notes, ending)
      @notes = notes
      @ending = ending
      @open = true
    end

    def write(text)
      @notes << [:write, text]
      text.bytesize
    end

    def finish
      @notes << [:finish] if @open
      @open = false
      @ending
    end

    def abort
      @notes << [:abort] if @open
      @open = false
      nil
    end
  end

  # @return [Array<Array>] calls in their order
  attr_reader :notes
  # @return [Boolean] whether the request is HEAD
  attr_writer :is_head
  # @return [Exception, nil] what the next call that sends raises
  attr_accessor :failure
  # @return [Array, nil] what the writer says at the end
  attr_accessor :ending

  def initialize(*envs)
    @envs = envs
    @notes = []
    @answered = false
    @is_head = false
    @holding = false
  end

  def take
    @answered = false
    @holding = false
    env = @envs.shift
    raise env if env.is_a?(Exception)

    @holding = !env.nil?
    env
  end

  def answer(*response)
    sending([:answer, *response])
    nil
  end

  def reply(*response)
    sending([:reply, *response])
    take
  end

  def stream(status, headers)
    sending([:stream, status, headers])
    Writer.new(notes, ending)
  end

  def release = notes << [:release]

  def answered? = @answered

  def holding? = @holding

  def leaving? = false

  def quarantined? = false

  def bodiless?(status) = @is_head || [204, 304].include?(Integer(status))

  private

  def sending(note)
    error = failure
    self.failure = nil
    raise error if error

    notes << note
    @answered = true
  end
end
