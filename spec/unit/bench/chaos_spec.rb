# frozen_string_literal: true

require "socket"
require "uri"
require_relative "../../../bench/support/chaos/client"
require_relative "../../../bench/support/chaos/crashes"
require_relative "../../../bench/support/chaos/options"
require_relative "../../../bench/support/chaos/counter"

RSpec.describe Bench::Chaos do
  describe Bench::Chaos::Client do
    # Serves one connection with the block.
    # @return [Bench::Chaos::Outcome]
    def outcome_of(timeout: 5, &)
      listener = TCPServer.new("127.0.0.1", 0)
      server = Thread.new { listener.accept.then(&) }
      client = described_class.new(URI("http://127.0.0.1:#{listener.addr[1]}"), timeout:)
      client.get("/")
    ensure
      client&.close
      server&.join
      listener&.close
    end

    def read_head(socket)
      nil until socket.gets == "\r\n"
      socket
    end

    it "recognises a response" do
      outcome = outcome_of { |socket| read_head(socket).write("HTTP/1.1 503 x\r\ncontent-length: 2\r\n\r\nno") }
      expect(outcome).to have_attributes(kind: :answered, result: 503, body: "no", fresh: true)
    end

    it "recognises a response that breaks off" do
      outcome = outcome_of do |socket|
        read_head(socket).write("HTTP/1.1 200 x\r\ncontent-length: 2\r\n\r\nn")
        socket.close
      end
      expect(outcome).to have_attributes(result: :broken, status: 200, body: "n")
    end

    it "recognises a request that is not answered" do
      expect(outcome_of { |socket| read_head(socket).close }.result).to eq(:unanswered)
    end

    it "recognises a response that does not come" do
      outcome = outcome_of(timeout: 0.05) do |socket|
        read_head(socket)
        socket.read
      end
      expect(outcome.result).to eq(:hung)
    end

    it "recognises a refused connection" do
      port = TCPServer.open("127.0.0.1", 0) { |server| server.addr[1] }
      expect(described_class.new(URI("http://127.0.0.1:#{port}")).get("/").result).to eq(:refused)
    end

    it "reconnects if the server closed the idle connection" do
      listener = TCPServer.new("127.0.0.1", 0)
      client = described_class.new(URI("http://127.0.0.1:#{listener.addr[1]}"))
      server = Thread.new do
        2.times do
          socket = read_head(listener.accept)
          socket.write("HTTP/1.1 200 x\r\ncontent-length: 0\r\n\r\n")
          socket.close
        end
      end
      expect(client.get("/").result).to eq(200)
      server.join(0.1) # it has closed by then, and waits for another
      expect(client.get("/").result).to eq(200)
      expect(client.connects).to eq(2)
    ensure
      client.close
      listener.close
    end
  end

  describe Bench::Chaos::Crashes do
    it "requests the given number of deaths, of all kinds, among other requests" do
      jobs = described_class.jobs(100)
      expect(jobs.count(&:deadly)).to eq(100)
      expect(jobs.map(&:path)).to include("/plain", "/crash?kill,midway", "/crash?throw,after")
      expect(jobs).to eq(described_class.jobs(100))
    end

    it "is named after its class" do
      expect(described_class.title).to eq("crashes")
    end
  end

  describe Bench::Chaos::Options do
    def parse(*argv) = described_class.parse(argv, %w[one two])

    it "runs everything in both modes by default" do
      expect(parse).to have_attributes(scenarios: %w[one two], modes: %w[ractor threaded])
      expect(parse("two", "--mode", "ractor")).to have_attributes(scenarios: %w[two], modes: %w[ractor])
    end

    it "refuses unknown scenarios and invalid numbers" do
      expect { parse("three") }.to raise_error(SystemExit).and output(/no scenario three/).to_stderr
      expect { parse("--kills", "0") }.to raise_error(SystemExit).and output(/1 or more/).to_stderr
    end
  end

  describe Bench::Chaos::Counter do
    it "counts, and puts the most frequent first" do
      tally = described_class.new
      [200, :hung, 200].each { |sum| tally.add(sum) }
      expect(tally).to have_attributes(total: 3, to_h: { 200 => 2, hung: 1 }, to_s: "2 200, 1 hung")
      expect(tally[:hung]).to eq(1)
    end
  end
end
