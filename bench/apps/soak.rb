# frozen_string_literal: true

require "digest/sha2" # not "digest", which would load the rest lazily, in several Ractors at once
require "kino/version"
require_relative "repeated_body"

# The app behind bench/soak and bench/transfer. It keeps nothing between requests, so any growth is the server's. Each
# response repeats the `x-request-id` of its request, so that a client can tell that it is its own.
module SoakApp
  TEXT = { "content-type" => "text/plain" }.freeze
  BYTES = { "content-type" => "application/octet-stream" }.freeze

  # What /stream sends, again and again.
  BLOCK = Array.new(4096) { |index| (index % 251).chr }.join.b.freeze
  # Blocks that /stream sends unless ?blocks= says otherwise.
  BLOCKS = 16
  # Strings that /alloc makes and hashes.
  STRINGS = 200
  # Seconds.
  NAP = 0.005

  class << self
    def call(env)
      status, headers, body = answer(env)
      id = env["HTTP_X_REQUEST_ID"]
      [status, id ? headers.merge("x-request-id" => id) : headers.dup, body]
    end

    # The response of /alloc; public, so that a client can check it.
    def digest
      words = Array.new(STRINGS) { |index| "string number #{index} " * 8 }
      backwards = words.to_h { |word| [word, word.reverse] }
      Digest::SHA256.hexdigest(backwards.values.join)
    end

    private

    def answer(env)
      case env["PATH_INFO"]
      when "/plain" then [200, TEXT, ["plain\n"]]
      when "/alloc" then [200, TEXT, [digest]]
      when "/sleep" then nap
      when "/upload" then [200, TEXT, [upload(env)]]
      when "/stream" then [200, BYTES, RepeatedBody.new(piece: BLOCK, count: number(env, "blocks", BLOCKS))]
      when "/call" then [200, BYTES, written(number(env, "blocks", BLOCKS))]
      when "/who" then who
      else [404, TEXT, ["no such route\n"]]
      end
    end

    def nap
      sleep NAP
      [200, TEXT, ["slept\n"]]
    end

    # Reads in pieces, and responds with the number of bytes and their digest. ?pause=MS delays the reading.
    def upload(env)
      sleep number(env, "pause", 0) / 1000.0
      input = env["rack.input"]
      sum = Digest::SHA256.new
      size = 0
      piece = +"".b # reused, so that the app makes no garbage of its own
      while input.read(65_536, piece)
        size += piece.bytesize
        sum << piece
      end
      "#{size} #{sum.hexdigest}"
    end

    # The other kind of body, which is called with the stream.
    def written(count)
      lambda do |stream|
        count.times { stream.write(BLOCK) }
        stream.close
      end
    end

    # Slow enough that concurrent requests need different threads.
    def who
      sleep 0.05
      [200, TEXT, [Thread.current[:soak_name] ||= Random.urandom(6).unpack1("H*")]]
    end

    def number(env, name, default)
      found = env["QUERY_STRING"]&.[](/\b#{name}=(\d+)/, 1)
      found ? found.to_i : default
    end
  end
end
