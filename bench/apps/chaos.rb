# frozen_string_literal: true

require_relative "repeated_body"

# The app behind bench/chaos. It keeps nothing between requests, so what grows in the process is not the app's.
module ChaosApp
  TEXT = { "content-type" => "text/plain" }.freeze
  BYTES = { "content-type" => "application/octet-stream" }.freeze

  # What /download sends, again and again.
  BLOCK = ("0123456789abcdef" * 4096).freeze
  # Blocks that a download has. Nobody is to come to its end.
  BLOCKS = 10_000

  # No StandardError: it ends the worker.
  class Doom < Exception # rubocop:disable Lint/InheritException
  end

  # Ways for a worker to die, but for `throw`: that is an error that a request ends with, and its worker goes on.
  WAYS = %w[raise exit kill throw].freeze
  # The way that a worker survives.
  SURVIVED = "throw"
  # When it happens, and what the client has to see of it then.
  MOMENTS = { "before" => 500, "first" => 500, "midway" => :broken, "after" => 200 }.freeze

  # A body that is made while it is sent, and that ends badly before or after its first piece.
  Doomed = Data.define(:way, :pieces) do
    def each
      pieces.times { yield "begun\n" }
      ChaosApp.die(way)
    end
  end

  # A body that takes its time.
  Slow = Data.define(:pieces) do
    def each
      pieces.times do
        yield "piece\n"
        sleep(0.005)
      end
    end
  end

  class << self
    def call(env)
      case env["PATH_INFO"]
      when "/plain" then [200, TEXT.dup, ["plain\n"]]
      when "/crash" then crash(env, *env["QUERY_STRING"].split(","))
      when "/sleep" then nap(env["QUERY_STRING"])
      when "/stream" then [200, TEXT.dup, Slow.new(pieces: 3)]
      when "/upload" then [200, TEXT.dup, [upload(env["rack.input"])]]
      when "/download" then [200, BYTES.dup, RepeatedBody.new(piece: BLOCK, count: BLOCKS)]
      else [404, TEXT.dup, ["no such route\n"]]
      end
    end

    def die(way)
      case way
      when "raise" then raise Doom, "the end"
      when "exit" then exit
      when "kill" then Thread.current.kill
      when "throw" then throw :nothing_catches_this
      end
    end

    private

    # As /crash?WAY,MOMENT asks.
    def crash(env, way, moment)
      case moment
      when "before" then die(way)
      when "first" then [200, TEXT.dup, Doomed.new(way:, pieces: 0)]
      when "midway" then [200, TEXT.dup, Doomed.new(way:, pieces: 1)]
      when "after"
        env["rack.response_finished"] << ->(*) { ChaosApp.die(way) }
        [200, TEXT.dup, ["plain\n"]]
      end
    end

    # Milliseconds.
    def nap(time)
      sleep(Integer(time) / 1000.0)
      [200, TEXT.dup, ["slept\n"]]
    end

    def upload(input)
      size = 0
      piece = +"".b # filled anew each time, so that this app makes no garbage of its own
      size += piece.bytesize while input.read(65_536, piece)
      size.to_s
    end
  end
end
