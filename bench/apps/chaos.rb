# frozen_string_literal: true

require_relative "repeated_body"

# The app behind bench/chaos. It keeps nothing between requests, so any growth is the server's.
module ChaosApp
  TEXT = { "content-type" => "text/plain" }.freeze
  BYTES = { "content-type" => "application/octet-stream" }.freeze

  # What /download sends, again and again.
  BLOCK = ("0123456789abcdef" * 4096).freeze
  # Blocks of a download; no client reads to its end.
  BLOCKS = 10_000

  # Not a StandardError, so it ends the worker.
  class Fatal < Exception # rubocop:disable Lint/InheritException
  end

  # How a request can fail. All end the worker but `throw`, which is an error of the request alone.
  FAILURES = %w[raise exit kill throw].freeze
  # The one that the worker survives.
  SURVIVED = "throw"
  # When it happens, and what the client must get.
  MOMENTS = { "before" => 500, "first" => 500, "midway" => :broken, "after" => 200 }.freeze

  # A body that fails before or after its first piece.
  FailingBody = Data.define(:failure, :pieces) do
    def each
      pieces.times { yield "begun\n" }
      ChaosApp.fail_with(failure)
    end
  end

  # A slow body.
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

    def fail_with(failure)
      case failure
      when "raise" then raise Fatal, "the end"
      when "exit" then exit
      when "kill" then Thread.current.kill
      when "throw" then throw :nothing_catches_this
      end
    end

    private

    # For /crash?FAILURE,MOMENT.
    def crash(env, failure, moment)
      case moment
      when "before" then fail_with(failure)
      when "first" then [200, TEXT.dup, FailingBody.new(failure:, pieces: 0)]
      when "midway" then [200, TEXT.dup, FailingBody.new(failure:, pieces: 1)]
      when "after"
        env["rack.response_finished"] << ->(*) { ChaosApp.fail_with(failure) }
        [200, TEXT.dup, ["plain\n"]]
      end
    end

    # @param time [String] milliseconds
    def nap(time)
      sleep(Integer(time) / 1000.0)
      [200, TEXT.dup, ["slept\n"]]
    end

    def upload(input)
      size = 0
      piece = +"".b # reused, so that the app makes no garbage of its own
      size += piece.bytesize while input.read(65_536, piece)
      size.to_s
    end
  end
end
