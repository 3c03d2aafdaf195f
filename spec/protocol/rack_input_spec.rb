# frozen_string_literal: true

require "support/protocol"

module Protocol
  # Reads the request body in every possible way.
  module Inputs
    extend Routes

    class << self
      def pieces(env)
        input = env["rack.input"]
        buffer = +"was here"
        tell(input.read(0), input.read(3), input.read(2, buffer).equal?(buffer), buffer.dup, input.read, input.read,
             input.read(1), input.read(0), input.read(1, buffer), buffer.dup, input.read(nil, buffer).equal?(buffer),
             buffer, input.gets, input.each.to_a)
      end

      def encodings(env)
        input = env["rack.input"]
        buffer = +"\u00e9"
        input.read(1, buffer)
        tell(buffer.encoding, input.read(1).encoding, input.gets.encoding, input.each.first&.encoding,
             input.read.encoding)
      end

      def gets(env) = tell(*Array.new(5) { env["rack.input"].gets })

      def each(env)
        lines = []
        returned = env["rack.input"].each { |line| lines << line }
        tell(lines, returned.nil? || returned.equal?(env["rack.input"]))
      end

      def mixed(env)
        input = env["rack.input"]
        tell(input.read(1), input.gets, input.read(2), input.gets, input.read)
      end

      def close(env)
        input = env["rack.input"]
        first = input.read(1)
        input.close
        tell(first, outcome { input.read }, outcome { input.gets })
      end

      def forward_only(env) = tell(env["rack.input"].respond_to?(:rewind), env["rack.input"].respond_to?(:seek))

      def negative(env) = tell(outcome { env["rack.input"].read(-1) })

      # Responds with each piece as soon as it has read it.
      def partly(_env)
        [200, HEADERS, lambda { |stream|
          stream << stream.read(3)
          stream << stream.gets
          stream << stream.read
        }]
      end

      def left(env)
        env["rack.input"].read
      rescue StandardError => error
        note([error.class, error.is_a?(IOError)].inspect)
        raise
      end

      def late(env)
        env["rack.response_finished"] << ->(finished, *) { note(outcome { finished["rack.input"].read }.to_s) }
        ok("answered")
      end

      private

      def tell(*values) = ok(values.inspect)
    end
  end
end

# The input stream of Rack's SPEC.
RSpec.describe "rack.input" do
  in_both_modes do
    before { serve(Protocol::Inputs) }

    # The same bytes in one piece, and in chunks that do not align with the reads.
    def post(target, body)
      chunks = body.scan(/.{1,2}/m).map { |data| "#{data.bytesize.to_s(16)}\r\n#{data}\r\n" }.join
      [Protocol.post(target, body), Protocol.chunked(target, "#{chunks}0\r\n\r\n")]
        .map { |bytes| connect.exchange(bytes).body }
    end

    def eq_inspected(*values) = eq([values.inspect] * 2)

    it "reads with a length and a buffer" do
      expect(post("/pieces", "0123456789"))
        .to eq_inspected("", "012", true, "34", "56789", "", nil, "", nil, "", true, "", nil, [])
    end

    it "is empty for a request without a body" do
      expect(connect.get("/pieces").body)
        .to eq(["", nil, false, "", "", "", nil, "", nil, "", true, "", nil, []].inspect)
    end

    it "is binary" do
      binary = Encoding::BINARY
      expect(post("/encodings", "\u00e9\n\u00e9\n\u00e9".b)).to eq_inspected(binary, binary, binary, binary, binary)
    end

    it "returns lines, and the rest, from gets" do
      expect(post("/gets", "one\n\ntwo\r\nthree")).to eq_inspected("one\n", "\n", "two\r\n", "three", nil)
    end

    it "yields lines from each" do
      expect(post("/each", "one\ntwo\n")).to eq_inspected(%W[one\n two\n], true)
    end

    it "can be read with different methods in turn" do
      expect(post("/mixed", "0line\n12more\nrest\n")).to eq_inspected("0", "line\n", "12", "more\n", "rest\n")
    end

    it "cannot be read after close" do
      expect(post("/close", "0123")).to eq_inspected("0", IOError, IOError)
    end

    it "cannot be rewound" do
      expect(post("/forward-only", "x")).to eq_inspected(false, false)
    end

    it "rejects a negative length" do
      expect(post("/negative", "x")).to eq_inspected(ArgumentError)
    end

    it "returns the bytes that have arrived, and does not wait for more than the app asked for" do
      client = connect.write(Protocol.request("POST", "/partly", "Content-Length: 12"))
      client.read_head
      expect(client.write("abc").read_chunk).to eq("abc")
      expect(client.write("def\n").read_chunk).to eq("def\n")
      expect(client.write("rest\n").read_chunk).to eq("rest\n")
      expect(client.read_chunk).to be_nil
    end

    it "raises if the client leaves before the end" do
      [Protocol.request("POST", "/left", "Content-Length: 5"),
       Protocol.chunked("/left", "2\r\nhi\r\n")].product(%i[close reset]) do |bytes, how|
        client = connect.write(bytes)
        await_stats(in_flight: 1)
        client.public_send(how)
        expect(notes).to eq(["[Kino::DisconnectedError, true]"])
      end
      expect(log).to eq("")
    end

    it "cannot be read after the response" do
      client = connect.write(Protocol.request("POST", "/late", "Content-Length: 5"))
      expect(client.read_response.body).to eq("answered")
      expect(notes).to eq(["IOError"])
    end
  end
end
