# frozen_string_literal: true

require "open3"
require "optparse"
require "tempfile"
require "kino/native"
require_relative "kino_process"

module Bench
  # Measures the same requests over HTTP/2 and over HTTP/1, without and with TLS, in turns: with 8 connections of 8
  # streams, and with 64 connections.
  class Http2
    HTTP1 = %w[--h1 --clients 64].freeze
    HTTP2 = %w[--clients 8 --max-concurrent-streams 8].freeze
    # Bytes of an upload.
    UPLOAD = 64 * 1024

    # @return [Boolean]
    def self.available? = ENV.fetch("PATH", "").split(":").any? { |dir| File.executable?("#{dir}/h2load") }

    # @param mode [String]
    # @param options [Hash] `:workers`, `:seconds` and `:rounds`
    def initialize(mode, options)
      @flags = ["--mode", mode, "--workers", options.fetch(:workers).to_s]
      @seconds = options.fetch(:seconds)
      @rounds = options.fetch(:rounds)
    end

    # Prints the medians, and how HTTP/2 compares.
    # @return [void]
    def run
      file("x" * UPLOAD) do |upload|
        file(certificate) do |pem|
          tls = ["--bind", "tcp://127.0.0.1:0", "--bind", "ssl://127.0.0.1:0", "--tls", "cert=#{pem},key=#{pem}"]
          KinoProcess.new("bench/apps/small.ru", *@flags, *tls).run do |server|
            @server = server
            compare("GET", [])
            compare("upload of 64 KiB", ["--data", upload])
          end
        end
      end
    end

    private

    def file(text)
      Tempfile.create("kino") do |file|
        file.write(text)
        file.flush
        yield file.path
      end
    end

    def certificate
      dates = [-1, 1].map { |days| Time.now + (days * 86_400) }.map { |time| [time.year, time.month, time.day] }
      Kino::Native.dev_certificate(*dates).join
    end

    def compare(what, flags)
      plain, encrypted = measure_all(flags).each_slice(2).to_a
      show(what, *plain)
      show("TLS, #{what}", *encrypted)
      one, two = encrypted.zip(plain).map { |tls, without| tls.first / without.first }
      puts format("%<what>-22s TLS against plain: HTTP/1 %<one>.2f x, HTTP/2 %<two>.2f x", what:, one:, two:)
    end

    # @return [Array<Array(Float, Float)>] medians of {#measure}: HTTP/1 and HTTP/2, and both over TLS
    def measure_all(flags)
      urls = @server.banner.grep(/^listening: /) { |line| line.split.last }
      rounds = Array.new(@rounds) { urls.product([HTTP1, HTTP2]).map { |url, how| measure(url, how + flags) } }
      rounds.transpose.map { |runs| runs.transpose.map { |all| median(all) } }
    end

    def show(what, (rate1, cpu1), (rate2, cpu2))
      puts format("%<what>-22s HTTP/1 %<rate1>7d/s %<cpu1>6.1f us, HTTP/2 %<rate2>7d/s %<cpu2>6.1f us: %<ratio>.2f x",
                  what:, rate1:, cpu1:, rate2:, cpu2:, ratio: rate2 / rate1)
    end

    # @return [Array(Float, Float)] requests a second, and microseconds of the server's processor time for each
    def measure(url, flags)
      before = cpu
      out, status = Open3.capture2e("h2load", "--threads", "1", "--duration", @seconds.to_s, *flags, url)
      used = cpu - before
      succeeded = out[/(\d+) succeeded/, 1].to_i
      faults = out[/(\d+) failed/, 1].to_i + out[/(\d+) 5xx/, 1].to_i
      raise "h2load failed:\n#{out}" unless status.success? && succeeded.positive? && faults.zero?

      [succeeded / @seconds.to_f, used * 1e6 / succeeded]
    end

    # @return [Float] seconds of processor time that the server has used
    def cpu
      fields = File.read("/proc/#{@server.pid}/stat").split(") ").last.split
      fields[11..12].sum(&:to_i) / 100.0
    end

    def median(values) = values.sort[values.size / 2]
  end
end

options = { workers: 2, seconds: 3, rounds: 5 }
parser = OptionParser.new("Usage: bench/h2 [ractor | threaded] [options]") do |on|
  on.on("--workers N", Integer) { |count| options[:workers] = count }
  on.on("--seconds N", Integer, "of each measurement") { |count| options[:seconds] = count }
  on.on("--rounds N", Integer) { |count| options[:rounds] = count }
end
modes = parser.parse!(ARGV)
abort "bench/h2 needs h2load: install nghttp2-client" unless Bench::Http2.available?

(modes.empty? ? %w[ractor threaded] : modes).each do |mode|
  puts mode
  Bench::Http2.new(mode, options).run
end
