# frozen_string_literal: true

require "support/protocol"

module Protocol
  # Bodies that are called with a stream.
  module Streams
    extend Routes

    class << self
      # Responds to each line as it arrives.
      def echo(_env)
        streaming do |stream|
          stream.each { |line| stream << line.upcase }
        end
      end

      # Reads and writes in every way.
      def everything(_env)
        streaming do |stream|
          stream.write("a", 1, :b)
          note([stream.write("c"), stream.write("de", "\u00e9"), (stream << "f").equal?(stream)].inspect)
          stream.flush
          stream << "[#{stream.read(2)}][#{stream.gets}]"
          buffer = +""
          stream << "[#{stream.read(1, buffer)}#{buffer}][#{stream.read}][#{stream.read}][#{stream.read(1).inspect}]"
        end
      end

      def close_read(_env)
        streaming do |stream|
          stream << stream.read(1)
          stream.close_read
          note([stream.closed?, outcome { stream.read }, outcome { stream.gets },
                outcome { stream.each { nil } }].inspect)
          stream << "still"
        end
      end

      def close_write(_env)
        streaming do |stream|
          stream << "before "
          stream.close_write
          note([stream.closed?, outcome { stream.write("x") }, outcome { stream << "x" }, stream.read].inspect)
        end
      end

      def close(_env)
        streaming do |stream|
          stream << "before"
          stream.close
          note([stream.closed?, outcome { stream.write("x") }, outcome { stream.read }].inspect)
          stream.close
        end
      end

      def sized(_env)
        [200, { "content-length" => "3" }, lambda { |stream|
          stream << "one"
          note(stream.read)
        }]
      end

      def empty(_env) = streaming { nil }

      # Writes until an exception stops it, and notes the exception.
      def endless(env)
        watch(env)
        streaming do |stream|
          loop { stream << ("x" * 65_536) }
        rescue SystemCallError, IOError => error
          note([error.is_a?(IOError) || error.is_a?(Errno::EPIPE), outcome { stream << "x" }].inspect)
          raise
        end
      end

      # Writes as many pieces as the query says, and a byte to a file for each.
      def measured(env)
        pieces, path = env["QUERY_STRING"].split(",", 2)
        streaming do |stream|
          File.open(path, "ab") do |file|
            file.sync = true
            Integer(pieces).times { file << "." if stream << ("x" * 65_536) }
          end
        end
      end

      # Several threads write pieces, and note the outcome.
      def together(env)
        watch(env)
        streaming do |stream|
          threads = Array.new(3) do
            Thread.new { outcome { Integer(env["QUERY_STRING"]).times { stream << ("x" * 65_536) } } }
          end
          note(threads.map(&:value).inspect)
        end
      end

      # Kills three threads that write, of which two wait behind the third.
      def killed(env)
        streaming do |stream|
          threads = Array.new(3) { Thread.new { loop { stream << ("x" * 65_536) } } }
          env["rack.input"].read(1)
          note(threads.map { |thread| thread.kill.join(TIMEOUT) == thread }.inspect)
        end
      end

      def fine(_env) = ok("fine")

      private

      def streaming(&block) = [200, HEADERS, block]
    end
  end
end

# The streaming body of Rack's SPEC.
RSpec.describe "Rack streams" do
  in_both_modes do
    before { serve(Protocol::Streams) }

    def open_request(target, *) = connect.write(Protocol.request("POST", target, "Transfer-Encoding: chunked", *))

    def say_chunk(client, data) = client.write("#{data.bytesize.to_s(16)}\r\n#{data}\r\n")

    it "can read the request while they write the response" do
      client = open_request("/echo")
      expect(client.read_head).to have_attributes(status: 200)
      %W[one\n two\n].each { |line| expect(say_chunk(client, line).read_chunk).to eq(line.upcase) }
      say_chunk(client, "thr")
      say_chunk(client, "ee\nfour")
      expect(client.read_chunk).to eq("THREE\n")
      client.write("0\r\n\r\n")
      expect([client.read_chunk, client.read_chunk]).to eq(["FOUR", nil])
      expect(client.get("/fine").body).to eq("fine")
    end

    it "support all of Rack's methods to write and read" do
      response = connect.exchange(Protocol.post("/everything", "01line\n2rest"))
      expect(response.body).to eq("a1bcde\u00e9f[01][line\n][22][rest][][nil]".b)
      expect(notes).to eq(["[1, 4, true]"])
    end

    it "can be closed for reading" do
      expect(connect.exchange(Protocol.post("/close-read", "0123")).body).to eq("0still")
      expect(notes).to eq(["[false, IOError, IOError, IOError]"])
    end

    it "can be closed for writing" do
      expect(connect.exchange(Protocol.post("/close-write", "body")).body).to eq("before ")
      expect(notes).to eq(['[false, IOError, IOError, "body"]'])
    end

    it "can be closed twice" do
      expect(connect.exchange(Protocol.post("/close", "body")).body).to eq("before")
      expect(notes).to eq(["[true, IOError, IOError]"])
    end

    it "need not write" do
      expect(connect.get("/empty")).to have_attributes(status: 200, body: "")
    end

    it "can keep reading after the whole content-length is written" do
      client = connect.write(Protocol.request("POST", "/sized", "Content-Length: 4"))
      expect(client.read_response.body).to eq("one")
      client.write("more")
      await_stats(in_flight: 0)
      expect(notes).to eq(["more"])
      expect(server.stats[:disconnects]).to eq(0)
    end

    it "can read a chunked request to its end after the whole content-length is written" do
      client = connect.write(Protocol.request("POST", "/sized", "Transfer-Encoding: chunked"))
      expect(client.read_response.body).to eq("one")
      client.write("4\r\nmore\r\n0\r\n\r\n")
      await_stats(in_flight: 0)
      expect(notes).to eq(["more"])
      expect(client.get("/empty").status).to eq(200)
    end

    it "end when the client leaves, and free the worker" do
      %i[close reset].each do |how|
        client = connect.write(Protocol.get("/endless"))
        client.read_head
        client.read_chunk
        client.public_send(how)
        expect(notes).to eq(["[true, Kino::DisconnectedError]", ["finished", true, 200, "Kino::DisconnectedError"]])
      end
      await_stats(in_flight: 0, disconnects: 2)
      expect(log).to eq("")
    end

    it "wait for a client that reads slowly, and buffer a bounded amount" do
      pieces = 600 # of 64 KiB each: more than any socket buffers
      Tempfile.create do |file|
        client = connect.write(Protocol.get("/measured?#{pieces},#{file.path}"))
        client.read_head
        seen = [-1]
        # The writer has stalled once the size stays the same for this long. If this check is too early, the size is
        # merely smaller.
        eventually("the writer rests") { seen.push(file.size).last(100).then { it.size == 100 && it.uniq.one? } }
        expect(file.size).to be < pieces
        expect(Array.new(pieces) { client.read_chunk.bytesize }.sum).to eq(pieces * 65_536)
        expect([client.read_chunk, file.size]).to eq([nil, pieces])
      end
    end

    it "can be written by several threads, which all resume when the client reads" do
      pieces = 200
      client = connect.write(Protocol.get("/together?#{pieces}"))
      client.read_head
      expect(Array.new(3 * pieces) { client.read_chunk.bytesize }.sum).to eq(3 * pieces * 65_536)
      expect(client.read_chunk).to be_nil
      expect(notes).to eq(["[200, 200, 200]", ["finished", true, 200, nil]])
    end

    it "end for all writing threads when the client leaves" do
      client = connect.write(Protocol.get("/together?100000"))
      client.read_head
      client.read_chunk
      client.reset
      gone = ["Kino::DisconnectedError"] * 3
      expect(notes).to eq(["[#{gone.join(", ")}]", ["finished", true, 200, nil]])
    end

    it "allow killing a thread that waits to write" do
      client = open_request("/killed")
      client.read_head
      client.read_chunk
      say_chunk(client, "x")
      nil while client.read_chunk
      expect(notes).to eq(["[true, true, true]"])
    end

    it "wait for a client that writes slowly" do
      client = open_request("/echo")
      client.read_head
      await_stats(in_flight: 1)
      expect(client).to be_quiet
      expect(say_chunk(client, "now\n").read_chunk).to eq("NOW\n")
      client.write("0\r\n\r\n")
      expect(client.read_chunk).to be_nil
    end
  end
end
