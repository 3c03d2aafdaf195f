# frozen_string_literal: true

require "support/protocol"

# Malformed requests, all sent to one server. The server must respond to each with the status in the table, keep
# serving, and leak nothing.
RSpec.describe "the corpus of malformed requests" do
  post = "POST / HTTP/1.1\r\nHost: a\r\n"
  chunked = "#{post}Transfer-Encoding: chunked\r\n"
  next_request = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"

  corpus = {
    # Not HTTP at all.
    400 => [
      "GET / HTTP/1.1x\r\n\r\n", "GET / HTTP/11\r\n\r\n", "M" * 5000, "#{"M" * 5000} / HTTP/1.1\r\nHost: a\r\n\r\n",
      "\r\n\r\n\r\n\r\n\r\n\r\n", "\n", "\0\r\n\r\n", "\xff\xfe\r\n\r\n".b, "hello\r\n\r\n", "EHLO a\r\n",
      "{\"a\":1}\r\n",
      "\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03\r\n".b, "GET\r\n", "GET /\r\n", "/ HTTP/1.1\r\n",
      "HTTP/1.1 200 OK\r\n",
      "GET / HTTP/1.1 HTTP/1.1\r\n\r\n", "GET /a b HTTP/1.1\r\n\r\n", "\tGET / HTTP/1.1\r\n\r\n",
      # Headers.
      "#{post}X : y\r\n\r\n", "#{post}X\r\n\r\n", "#{post} X: y\r\n\r\n", "#{post}X: a\r\n\tb\r\n\r\n",
      "#{post}\0: y\r\n\r\n", "#{post}X: \0\r\n\r\n", "#{post}X: y\n\r\n", "#{post}X: y\r\r\n\r\n", "#{post}:\r\n\r\n",
      "GET / HTTP/1.1\r\n\r\n", "#{post}Host: b\r\n\r\n", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", "GET / HTTP/1.1\r\nHost: a,b\r\n\r\n", "GET / HTTP/1.1\r\nHost: [\r\n\r\n",
      # Targets.
      "GET /#a HTTP/1.1\r\nHost: a\r\n\r\n", "GET /\u00e9 HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET * HTTP/1.1\r\nHost: a\r\n\r\n", "GET a HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET gopher://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET http://a@b/ HTTP/1.1\r\nHost: a\r\n\r\n", "GET /\\\0 HTTP/1.1\r\nHost: a\r\n\r\n",
      # Request smuggling: each hides a second request from a parser that disagrees about the length.
      "#{post}Content-Length: #{next_request.bytesize}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n#{next_request}",
      "#{chunked}Content-Length: 4\r\n\r\n#{next_request.bytesize.to_s(16)}\r\n#{next_request}\r\n0\r\n\r\n",
      "#{chunked}Transfer-Encoding: x\r\n\r\n0\r\n\r\n#{next_request}",
      "#{chunked}Transfer-encoding: identity\r\n\r\n0\r\n\r\n#{next_request}",
      "#{post}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n#{next_request}",
      "#{post}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n#{next_request}",
      "#{post}Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n#{next_request}",
      "#{post}Transfer-Encoding: \x0cchunked\r\n\r\n0\r\n\r\n#{next_request}",
      "#{post}Transfer-Encoding: chunked\0\r\n\r\n0\r\n\r\n#{next_request}",
      "#{post}X: y\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n#{next_request}",
      "#{post}X: y\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n#{next_request}",
      "#{post}Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n#{next_request}",
      "#{post}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n#{next_request}",
      "#{post}Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n#{next_request}",
      "#{post}Content-Length: 0\r\nContent-Length: #{next_request.bytesize}\r\n\r\n#{next_request}",
      "#{post}Content-Length: 0, #{next_request.bytesize}\r\n\r\n#{next_request}",
      "#{post}Content-Length: +#{next_request.bytesize}\r\n\r\n#{next_request}",
      "#{post}Content-Length: #{next_request.bytesize}_\r\n\r\n#{next_request}",
      "#{post}Content-Length:\r\n 5\r\n\r\n#{next_request}", "#{post}Content-Length: \r\n\r\n#{next_request}",
      "#{post}Content-Length: 5 5\r\n\r\n#{next_request}", "#{post}Content-Length: 0x5\r\n\r\n#{next_request}",
      "#{post}Content-Length: 99999999999999999999\r\n\r\n#{next_request}",
      "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n#{next_request}",
      "#{chunked}\r\n0;\n\r\n#{next_request}", "#{chunked}\r\n3\r\nabcXX0\r\n\r\n#{next_request}",
      "#{chunked}\r\n3;a\nb\r\nabc\r\n0\r\n\r\n#{next_request}", "#{chunked}\r\n0\n\r\n#{next_request}",
      "#{chunked}\r\n 0\r\n\r\n#{next_request}", "#{chunked}\r\n0 \r\n\r\n#{next_request}",
      "#{chunked}\r\n-1\r\n\r\n#{next_request}", "#{chunked}\r\n0x0\r\n\r\n#{next_request}",
      "#{chunked}\r\nfffffffffffffffff\r\n#{next_request}", "#{chunked}\r\n0\r\nX: y\n\r\n#{next_request}",
      "#{chunked}\r\n0\r\nX : y\r\n\r\n#{next_request}", "#{chunked}\r\n\r\n#{next_request}"
    ],
    408 => [
      "G", "GET / HTTP/1.1\r\nHost: a\r\n", "#{post}Content-Length: 5\r\n\r\n1234", "#{chunked}\r\n",
      "#{chunked}\r\n5\r\n12", "#{chunked}\r\n2\r\n12\r\n0\r\n", "\r\n"
    ],
    413 => [
      "#{post}Content-Length: 5000\r\n\r\n", "#{chunked}\r\n400\r\n#{"x" * 0x400}\r\n1\r\nx\r\n0\r\n\r\n",
      "#{post}Content-Length: 9223372036854775807\r\n\r\n", "#{post}Content-Length: 18446744073709551615\r\n\r\n"
    ],
    414 => [
      "GET /#{"x" * 5000} HTTP/1.1\r\nHost: a\r\n\r\n", "GET /#{"x" * 5000}", "GET /?#{"x" * 5000} HTTP/1.1\r\n"
    ],
    431 => [
      "#{post}#{"X: y\r\n" * 200}\r\n", "#{post}X: #{"y" * 9000}\r\n\r\n", "#{post}#{"x" * 9000}",
      "#{post}X: #{"\t" * 9000}"
    ],
    501 => [
      "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n",
      "#{post}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n#{next_request}",
      "#{post}Transfer-Encoding: chunked, gzip, chunked\r\n\r\n0\r\n\r\n#{next_request}"
    ],
    505 => [
      "GET / HTTP/2.0\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\rx", "GET / HTTP/1.2\r\n\r\n"
    ]
  }.transform_values { |requests| requests.map(&:b) }

  # A valid request with each of its bytes replaced, removed and doubled.
  whole = "POST /p?q HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n" \
          "3;a=\"b\"\r\nabc\r\n0\r\nT: u\r\n\r\n"
  mutations = whole.each_char.with_index.flat_map do |byte, index|
    ["\0", "\r", "\n", " ", ":", "\xff".b, "", byte * 2].map { |other| whole.b.tap { it[index, 1] = other } }
  end

  in_both_modes do
    def start
      serve(Protocol::Plain, max_body_size: 1024, max_head_size: 8192, max_target_size: 4096, head_timeout: 0.05,
                             body_timeout: 0.05, keep_alive_timeout: 0.05)
      connect.get("/")
      @clients.each(&:close)
      await_stats(connections: 0)
    end

    # Everything in this process that a leaked request could hold.
    def belongings
      server.stats.slice(:connections, :queued, :in_flight, :respawns, :dropped, :disconnects)
            .merge(files: Dir.children("/dev/fd").size, threads: Thread.list.size)
    end

    # A lower number is not a leak: GC closes files that an earlier example left open.
    def expect_nothing_leaked(before, *but)
      leaked = nil
      begin
        eventually("nothing is leaked") do
          (leaked = belongings.except(*but).select { |of, now| now > before[of] }).empty?
        end
      rescue RuntimeError
        expect(leaked).to eq({})
      end
      response = connect.exchange(Protocol.post("/", "still here"))
      expect(response).to have_attributes(status: 200, body: "still here")
    end

    it "is refused as the table says, is counted, and leaks nothing" do
      start
      before = belongings
      seen = corpus.flat_map { |status, requests| requests.map { |bytes| [bytes, status, refusal_of(bytes)] } }
      expect(seen.reject { |_, status, responses| responses == [status] }).to eq([])
      expect(server.stats[:refused]).to eq(seen.size)
      expect_nothing_leaked(before)
      log
    end

    it "does no harm if its clients do not wait for the responses" do
      start
      before = belongings
      corpus.each_value do |requests|
        requests.each { |bytes| connect.write(bytes).then { |client| bytes.size.even? ? client.close : client.reset } }
      end
      # Clients that leave before the response may count as disconnects.
      expect_nothing_leaked(before, *%i[disconnects])
      log
    end

    it "includes mutations of a valid request, which are served or refused, and leak nothing" do
      start
      before = belongings
      responses = mutations.map { |bytes| [bytes, statuses(connect.write(bytes).read_rest)] }
      possible = [200, 400, 408, 413, 501, 505].map { |status| [status] }
      expect(responses.reject { |_, statuses| possible.include?(statuses) }).to eq([])
      @clients.each(&:close)
      expect_nothing_leaked(before)
      log
    end

    # @return [Array<Integer>] the statuses of all responses until the server closes
    def refusal_of(bytes)
      client = connect.write(bytes)
      statuses(client.read_rest)
    ensure
      client.close
    end

    def statuses(text) = text.scan(%r{^HTTP/1\.[01] (\d{3}) }).flatten.map { Integer(it, 10) }
  end
end
