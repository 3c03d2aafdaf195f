# frozen_string_literal: true

require "socket"
require "uri"
require_relative "../../../bench/support/chaos/client"
require_relative "../../../bench/support/chaos/crashes"
require_relative "../../../bench/support/chaos/options"
require_relative "../../../bench/support/chaos/counter"

RSpec.describe Bench::Chaos do
  describe Bench::Chaos::Client do
    # Serves one connection with what the block does, and says what a client makes of it.
    def answer_of(timeout: 5, &)
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

    it "knows an answer" do
      answer = answer_of { |socket| read_head(socket).write("HTTP/1.1 503 x\r\ncontent-length: 2\r\n\r\nno") }
      expect(answer).to have_attributes(kind: :answered, result: 503, body: "no", fresh: true)
    end

    it "knows an answer that breaks off" do
      answer = answer_of do |socket|
        read_head(socket).write("HTTP/1.1 200 x\r\ncontent-length: 2\r\n\r\nn")
        socket.close
      end
      expect(answer).to have_attributes(result: :broken, status: 200, body: "n")
    end

    it "knows a request that is not answered" do
      expect(answer_of { |socket| read_head(socket).close }.result).to eq(:unanswered)
    end

    it "knows an answer that does not come" do
      answer = answer_of(timeout: 0.05) do |socket|
        read_head(socket)
        socket.read
      end
      expect(answer.result).to eq(:hung)
    end

    it "knows a connection that is refused" do
      port = TCPServer.open("127.0.0.1", 0) { |server| server.addr[1] }
      expect(described_class.new(URI("http://127.0.0.1:#{port}")).get("/").result).to eq(:refused)
    end

    it "makes another connection where the last one was closed in between" do
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
    it "asks for as many deaths as it is told, of all kinds, among other requests" do
      jobs = described_class.jobs(100)
      expect(jobs.count(&:deadly)).to eq(100)
      expect(jobs.map(&:path)).to include("/plain", "/crash?kill,midway", "/crash?throw,after")
      expect(jobs).to eq(described_class.jobs(100))
    end

    it "is called as its class is" do
      expect(described_class.title).to eq("crashes")
    end
  end

  describe Bench::Chaos::Options do
    def parse(*argv) = described_class.parse(argv, %w[one two])

    it "plays everything in both modes unless told otherwise" do
      expect(parse).to have_attributes(scenarios: %w[one two], modes: %w[ractor threaded])
      expect(parse("two", "--mode", "ractor")).to have_attributes(scenarios: %w[two], modes: %w[ractor])
    end

    it "refuses what it does not know" do
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
