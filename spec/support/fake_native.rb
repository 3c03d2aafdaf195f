# frozen_string_literal: true

require "kino"

# Replaces Kino::Native::Worker: returns the envs that it was made with (or raises, if one is an exception), and notes
# what becomes of the requests. spec/unit/native_contract_spec.rb compares the fakes with the real classes.
class FakeNative
  # Replaces Kino::Native::Writer.
  class Writer
    # Methods that the real class does not have.
    CONTROLS = [].freeze

    def initialize(notes, ending = nil)
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

  # Replaces Kino::Request. Returns these chunks of a body, then its end; raises those that are exceptions.
  class Request
    CONTROLS = %i[ends waits].freeze

    # @return [Array<Numeric, nil>] the longest time that each wait was given
    attr_reader :waits

    def initialize(*chunks)
      @chunks = chunks
      @ends = []
      @waits = []
    end

    # @param ends [Array<Symbol, nil>] how the next waits end, the last repeatedly
    def ends(*ends) = @ends.concat(ends)

    def wait_end(seconds, _is_wakeable)
      waits << seconds
      @ends.size > 1 ? @ends.shift : @ends.first
    end

    def wake = nil

    def send_early_hints(_headers) = nil

    def read_into(buffer, max)
      chunk = @chunks.shift
      raise chunk if chunk.is_a?(Exception)
      return false unless chunk

      buffer << chunk.slice!(0, max)
      @chunks.unshift(chunk) unless chunk.empty?
      true
    end
  end

  CONTROLS = %i[notes is_head= failure failure= ending ending= sent_files].freeze

  # @return [Array<Array>] calls in their order
  attr_reader :notes
  # @return [Array<String>] paths of files that were sent
  attr_reader :sent_files
  # @return [Boolean] whether the request is HEAD
  attr_writer :is_head
  # @return [Exception, nil] the exception that the next sending call raises
  attr_accessor :failure
  # @return [Array, nil] the writer's return value at the end
  attr_accessor :ending

  def initialize(*envs)
    @envs = envs
    @notes = []
    @sent_files = []
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

  def answer(status, headers, chunks)
    sending([:answer, status, headers, chunks])
    nil
  end

  def reply(status, headers, chunks)
    sending([:reply, status, headers, chunks])
    take
  end

  def stream(status, headers)
    sending([:stream, status, headers])
    Writer.new(notes, ending)
  end

  def send_file(_status, _headers, path) = !sent_files.push(path).last.empty?

  def hijack(_status, _headers) = raise("there is no connection to hijack")

  def put_back = false

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
