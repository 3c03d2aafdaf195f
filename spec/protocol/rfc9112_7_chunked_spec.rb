# frozen_string_literal: true

require "support/protocol"

module Protocol
  # Reads the body in several ways, and notes how it ended.
  module ChunkReader
    extend Routes

    class << self
      # Lets the exception pass.
      def read(env)
        watch(env)
        ok(env["rack.input"].read)
      end

      # Rescues it, and responds anyway.
      def rescued(env)
        note(outcome { env["rack.input"].read }.name)
        ok("too late")
      end

      # Reads after its response has started.
      def begun(env)
        watch(env)
        [200, HEADERS, lambda { |stream|
          stream << "begun"
          stream.read
        }]
      end

      def unread(_env) = ok("unread")

      def env_of_next(env)
        note(env.keys.grep(/TRAILER|X_T/).inspect)
        ok(env["rack.input"].read)
      end
    end
  end
end

# RFC 9112 section 7.1.
RSpec.describe "HTTP/1.1 chunked bodies" do
  bad = {
    "an empty chunk size" => "\r\n",
    "a chunk size with a positive sign" => "+3\r\nabc\r\n0\r\n\r\n",
    "a chunk size with a negative sign" => "-3\r\nabc\r\n0\r\n\r\n",
    "a chunk size after a space" => " 3\r\nabc\r\n0\r\n\r\n",
    "a chunk size before a space" => "3 \r\nabc\r\n0\r\n\r\n",
    "a chunk size before a tab" => "3\t\r\nabc\r\n0\r\n\r\n",
    "a chunk size with a prefix" => "0x3\r\nabc\r\n0\r\n\r\n",
    "a chunk size with an underscore" => "1_0\r\n",
    "a chunk size that is not hexadecimal" => "g\r\n",
    "a chunk size that overflows" => "10000000000000003\r\nabc\r\n0\r\n\r\n",
    "a chunk size of many zeros" => "#{"0" * 300}3\r\nabc\r\n0\r\n\r\n",
    "a chunk size ended by LF" => "3\nabc\r\n0\r\n\r\n",
    "a chunk size ended by CR" => "3\rabc\r\n0\r\n\r\n",
    "a chunk longer than its size" => "3\r\nabcd\r\n0\r\n\r\n",
    "a chunk shorter than its size" => "3\r\nab\r\n0\r\n\r\n",
    "a chunk ended by LF" => "3\r\nabc\n0\r\n\r\n",
    "a chunk ended by CR" => "3\r\nabc\r0\r\n\r\n",
    "a chunk without a line end" => "3\r\nabc0\r\n\r\n",
    "an empty extension" => "3;\r\nabc\r\n0\r\n\r\n",
    "an empty extension before another" => "3;;a\r\nabc\r\n0\r\n\r\n",
    "an extension after a space" => "3 ;a\r\nabc\r\n0\r\n\r\n",
    "an extension without its value" => "3;a=\r\nabc\r\n0\r\n\r\n",
    "an extension with an unclosed quote" => "3;a=\"b\r\nabc\r\n0\r\n\r\n",
    "an extension with text after a quoted string" => "3;a=\"b\"c\r\nabc\r\n0\r\n\r\n",
    "an extension that is not a token" => "3;a(b\r\nabc\r\n0\r\n\r\n",
    "an extension with a bare LF" => "3;a\nb\r\nabc\r\n0\r\n\r\n",
    "an extension with a bare CR" => "3;a\rb\r\nabc\r\n0\r\n\r\n",
    "an extension with a NUL" => "3;a\0\r\nabc\r\n0\r\n\r\n",
    "an extension with a control character in quotes" => "3;a=\"\x01\"\r\nabc\r\n0\r\n\r\n",
    "an extension that never ends" => "3;#{"a" * 5000}",
    "endless extensions" => "1;abcdefghijklmnopqrstuvwxyz\r\na\r\n" * 1000,
    "a trailer with a space before its colon" => "0\r\nX : y\r\n\r\n",
    "a trailer that is folded" => "0\r\nX: y\r\n z\r\n\r\n",
    "a trailer ended by LF" => "0\r\nX: y\n\r\n",
    "a trailer without a colon" => "0\r\nX\r\n\r\n",
    "a trailer with a NUL" => "0\r\nX: a\0b\r\n\r\n",
    "endless trailers" => "0\r\n#{"Abcdefgh: ijklmnopqrstuvwxyz\r\n" * 1000}"
  }.freeze

  in_both_modes do
    bad.each do |what, body|
      it "get 400 for #{what}, and the app's read raises" do
        serve(Protocol::ChunkReader)
        expect_refusal(connect.write(Protocol.chunked("/read", body)), 400)
        expect(server.stats[:refusals]).to eq(bad_chunk: 1)
        expect(notes).to eq([["finished", true, nil, "Kino::BadBodyError"]])
        log
      end
    end

    it "are not logged if they are malformed, because that is not the app's fault" do
      serve(Protocol::ChunkReader)
      expect_refusal(connect.write(Protocol.chunked("/read", "zz\r\n")), 400)
      notes
      expect(log).to eq("")
    end

    {
      "no data" => ["0\r\n\r\n", ""],
      "chunks" => ["3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", "abcde"],
      "sizes in either case, with leading zeros" => ["00a\r\n0123456789\r\nA\r\n0123456789\r\n000\r\n\r\n",
                                                     "01234567890123456789"],
      "line ends as data" => ["4\r\n\r\n\r\n\r\n0\r\n\r\n", "\r\n\r\n"],
      "extensions (RFC 9112 section 7.1.1)" => ["3;a;b=c;d=\"e;\\\"\t f\"\r\nabc\r\n0;g\r\n\r\n", "abc"]
    }.each do |what, (body, data)|
      it "may have #{what}" do
        serve(Protocol::ChunkReader)
        client = connect
        2.times { expect(client.exchange(Protocol.chunked("/read", body)).body).to eq(data) }
        expect(server.stats[:refusals]).to eq({})
      end
    end

    it "lose their trailers (RFC 9112 section 7.1.2)" do
      serve(Protocol::ChunkReader)
      client = connect
      body = "3\r\nabc\r\n0\r\nX-T: y\r\nContent-Length: 7\r\nHost: b\r\nTransfer-Encoding: gzip\r\n\r\n"
      expect(client.exchange(Protocol.chunked("/env-of-next", body, "Trailer: X-T")).body).to eq("abc")
      expect(client.exchange(Protocol.get("/env-of-next")).body).to eq("")
      expect(notes).to eq(['["HTTP_TRAILER"]', "[]"])
    end

    it "get 400 even if the app rescues the error of its read" do
      serve(Protocol::ChunkReader)
      expect_refusal(connect.write(Protocol.chunked("/rescued", "zz\r\n")), 400)
      expect(notes).to eq(["Kino::BadBodyError"])
    end

    it "break the connection if the response has started" do
      serve(Protocol::ChunkReader)
      client = connect.write(Protocol.chunked("/begun", "3\r\nabc\r\n"))
      expect([client.read_head.status, client.read_chunk]).to eq([200, "begun"])
      client.write("zz\r\n")
      expect { client.read_chunk }.to raise_error(HttpClient::Broken)
      expect(notes).to eq([["finished", true, 200, "Kino::BadBodyError"]])
      expect(server.stats[:refusals]).to eq(bad_chunk: 1)
    end

    it "hide no request after a malformed chunk" do
      serve(Protocol::ChunkReader)
      client = connect.write(Protocol.chunked("/unread", "zz\r\n#{Protocol.get("/unread")}"))
      expect(client.read_response.body).to eq("unread")
      expect(client).to be_closed_by_server
    end

    describe "beyond max_body_size (RFC 9110 section 15.5.14)" do
      before { serve(Protocol::ChunkReader, max_body_size: 10) }

      def beyond(target) = Protocol.chunked(target, "6\r\n012345\r\n5\r\n67890\r\n")

      it "are refused with 413, and the app's read raises" do
        expect_refusal(connect.write(beyond("/read")), 413)
        expect(notes).to eq([["finished", true, nil, "Kino::BodyTooLargeError"]])
        expect(server.stats[:refusals]).to eq(body_too_large: 1)
        log
      end

      it "are refused even if the app rescues the error of its read" do
        expect_refusal(connect.write(beyond("/rescued")), 413)
        expect(notes).to eq(["Kino::BodyTooLargeError"])
      end

      it "break the connection if the response has started" do
        client = connect.write(beyond("/begun"))
        expect { client.read_response }.to raise_error(HttpClient::Broken)
        expect(client).to be_closed_by_server
        expect(notes).to eq([["finished", true, 200, "Kino::BodyTooLargeError"]])
      end
    end
  end
end
