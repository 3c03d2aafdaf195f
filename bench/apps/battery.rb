# frozen_string_literal: true

require "json"

# The app behind bench/run, with one route per row. All servers run this same file. It keeps nothing between requests,
# and its constants are frozen, so that Ractors can share it.
module BatteryApp
  TEXT = { "content-type" => "text/plain" }.freeze
  JSON_TYPE = { "content-type" => "application/json" }.freeze

  HELLO = "Hello World"
  TEN_K = ("0123456789abcdef" * 640).freeze

  # About 4 KB when rendered.
  DOCUMENT = JSON.generate(
    "items" => Array.new(39) do |index|
      { "id" => index, "name" => "item number #{index}", "price" => (index * 1.25) + 0.5, "tags" => %w[red green],
        "stock" => { "here" => index * 3, "ordered" => nil } }
    end
  ).freeze

  # Strings that /alloc makes and hashes.
  STRINGS = 2_000
  # Seconds.
  NAP = 0.005

  class << self
    def call(env)
      case env["PATH_INFO"]
      when "/plaintext" then text(HELLO)
      when "/10k" then text(TEN_K)
      when "/cpu" then text(fib(20).to_s)
      when "/alloc" then text(alloc.to_s)
      when "/json" then [200, JSON_TYPE.dup, [JSON.generate(JSON.parse(DOCUMENT))]]
      when "/io" then nap
      when "/io_native" then native_nap
      when "/upload" then text(upload(env["rack.input"]).to_s)
      else [404, TEXT.dup, ["no such route\n"]]
      end
    end

    private

    # Rack requires a new Hash each time.
    def text(body) = [200, TEXT.dup, [body]]

    # A method, not a lambda: apps mostly call methods.
    def fib(number) = number < 2 ? number : fib(number - 1) + fib(number - 2)

    def alloc
      seen = {}
      STRINGS.times { |index| seen["string number #{index}"] = index }
      seen.size
    end

    def nap
      sleep NAP
      text("slept")
    end

    # Kino.sleep, if the server has it.
    def native_nap
      defined?(Kino) && Kino.respond_to?(:sleep) ? Kino.sleep(NAP) : sleep(NAP)
      text("slept")
    end

    # Reads in pieces, as an app that stores uploads does.
    def upload(input)
      size = 0
      piece = +"".b
      size += piece.bytesize while input.read(16_384, piece)
      size
    end
  end
end
