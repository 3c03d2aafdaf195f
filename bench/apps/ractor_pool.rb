# frozen_string_literal: true

require "stringio"

# A Rack wrapper that runs the app in a pool of Ractors. The request and the response are Ruby objects here, so both
# must be copied, with every string in them.
class RactorPool
  # @param app [#call] shareable
  # @param size [Integer]
  def initialize(app, size:)
    @idle = Thread::Queue.new
    size.times { @idle << start(app) }
  end

  def call(env)
    answers = Thread.current.thread_variable_get(:ractor_pool_port) || port
    ractor = @idle.pop
    begin
      ractor.send([copyable(env), env["rack.input"]&.read, answers])
      answers.receive
    ensure
      @idle << ractor
    end
  end

  private

  def start(app)
    Ractor.new(app) do |shared|
      loop do
        env, body, answers = Ractor.receive
        env["rack.input"] = StringIO.new(body || "")
        answers << shared.call(env)
      end
    end
  end

  # One per server thread.
  def port = Ractor::Port.new.tap { |port| Thread.current.thread_variable_set(:ractor_pool_port, port) }

  # IOs, Procs and the server's own objects cannot be copied.
  def copyable(env) = env.select { |_, value| value.is_a?(String) }
end
