# frozen_string_literal: true

require "support/protocol"

module Protocol
  # The values that an app may and may not return, by description.
  module ResponseTables
    # The headers that the server adds.
    OWN = %w[content-length date transfer-encoding].freeze

    # Frozen all the way down, as constants of an app in Ractors are.
    def self.table(pairs) = Ractor.make_shareable(pairs)

    GOOD_STATUSES = table("an Integer" => 200, "the lowest" => 200, "the highest" => 599, "an unnamed status" => 299,
                          "a String of digits" => "201")
    BAD_STATUSES = table("above the range" => 600, "far above it" => 100_000, "below it" => 99, "negative" => -200,
                         "nil" => nil, "a Float" => 200.0, "a Symbol" => :ok, "a word" => "OK", "empty" => "",
                         "a String with a sign" => "+200", "a String with a space" => " 200",
                         "a String with a reason" => "200 OK", "an interim status" => 103)
    GOOD_HEADERS = table(
      "an Array" => [{ "x" => %w[1 2 3] }, [%w[x 1], %w[x 2], %w[x 3]]],
      "an empty Array" => [{ "x" => [] }, []],
      "cookies in an Array" => [{ "set-cookie" => ["a=b", "c=d; path=/"] },
                                [%w[set-cookie a=b], ["set-cookie", "c=d; path=/"]]],
      "an Integer" => [{ "x" => 1 }, [%w[x 1]]],
      "a Symbol" => [{ "x" => :y }, [%w[x y]]],
      "nil" => [{ "x" => nil }, [["x", ""]]],
      "other objects in an Array" => [{ "x" => [1, :y] }, [%w[x 1], %w[x y]]],
      "a tab and bytes above 0x7f" => [{ "x" => "a\tb\u00e9" }, [["x", "a\tb\u00e9".b]]],
      "keys for the server only" => [{ "rack.foo" => "a\nb", "rack.bar" => nil, "x" => "y" }, [%w[x y]]],
      "names in any order" => [{ "z" => "1", "a" => %w[2 3], "m" => "4", "b" => "5" },
                               [%w[z 1], %w[a 2], %w[a 3], %w[m 4], %w[b 5]]],
      "an empty transfer-encoding" => [
        { "z" => "1", "transfer-encoding" => nil, "Transfer-Encoding" => [], "a" => "2", "m" => "3", "b" => "4" },
        [%w[z 1], %w[a 2], %w[m 3], %w[b 4]]
      ]
    )
    BAD_HEADERS = table(
      "LF in a value" => { "x" => "a\nb" }, "CR in a value" => { "x" => "a\rb" },
      "CRLF in a value" => { "x" => "a\r\nset-cookie: b" }, "NUL in a value" => { "x" => "a\0b" },
      "a line end after a value" => { "x" => "a\r\n" }, "LF in an Array" => { "x" => %W[a b\nc] },
      "LF in a cookie" => { "set-cookie" => "a=b\nc=d" }, "DEL in a value" => { "x" => "\x7f" },
      "a control character in a value" => { "x" => "\x01" }, "LF in a name" => { "a\nb" => "c" },
      "CRLF in a name" => { "a\r\nb" => "c" }, "NUL in a name" => { "a\0b" => "c" },
      "a colon in a name" => { "a:" => "b" }, "a space in a name" => { "a b" => "c" }, "an empty name" => { "" => "a" },
      "a name that is not ASCII" => { "\u00e9" => "a" }, "a Symbol for a name" => { x: "a" },
      "an Integer for a name" => { 1 => "a" }, "nil for a name" => { nil => "a" },
      "an Array instead of a Hash" => [%w[a b]], "a String instead of a Hash" => "a: b", "nil instead of a Hash" => nil,
      "a content-length with a sign" => { "content-length" => "+4" },
      "an unknown coding" => { "transfer-encoding" => "gzip, chunked" },
      "an empty coding" => { "Transfer-Encoding" => "" },
      "two codings" => { "transfer-encoding" => %w[chunked chunked] },
      "a coding as well as a content-length" => { "transfer-encoding" => "chunked", "content-length" => "1" },
      "an empty content-length" => { "content-length" => "" },
      "a list for a content-length" => { "content-length" => "4, 4" },
      "two content-lengths" => { "content-length" => %w[4 4] }
    )
    BAD_BODIES = table("nil" => nil, "a String" => "body", "an Integer" => 1, "a Hash of Integers" => { 1 => 2 },
                       "an Array of Integers" => [1], "an Array with nil" => ["a", nil])
  end

  # Returns the entries of the tables, by the index in the query, and bodies of all kinds.
  module Responses
    extend Routes

    # Has to_ary, which closes it as Rack requires.
    class Arrayed < Body
      def to_ary
        close
        @chunks
      end
    end

    class << self
      def status(env) = [ResponseTables::GOOD_STATUSES.values[place(env)], {}, ["x"]]
      def bad_status(env) = watched(env, ResponseTables::BAD_STATUSES.values[place(env)], {})
      def headers(env) = [200, ResponseTables::GOOD_HEADERS.values[place(env)].first, ["x"]]
      def headers_of_a_stream(env) = [200, ResponseTables::GOOD_HEADERS.values[place(env)].first, ["x"].each]
      def bad_headers(env) = watched(env, 200, ResponseTables::BAD_HEADERS.values[place(env)])
      def bad_headers_of_an_array(env) = [200, ResponseTables::BAD_HEADERS.values[place(env)], ["x"]]
      def bad_body(env) = [200, {}, ResponseTables::BAD_BODIES.values[place(env)]]
      def no_triple(_env) = nil
      def fine(_env) = ok("fine")

      # Bodies by kind, with the content-length in the query.
      def array(env) = [200, length(env), %w[onl y]]
      def each(env) = watched(env, 200, length(env), "onl", "y")
      def to_ary(env) = [200, length(env), Arrayed.new("onl", "y")]

      def call_stream(env)
        watch(env)
        [200, length(env), ->(stream) { stream << "onl" << "y" }]
      end

      def both(_env)
        [200, {}, Class.new(Body) { def call(stream) = stream << "called" }.new("each")]
      end

      def raises(_env) = raise("on purpose")

      def raises_at(env)
        watch(env)
        [200, {}, Body.new("one", "two", fail_at: place(env))]
      end

      def stream_raises(env)
        watch(env)
        [200, {}, lambda { |stream|
          stream << "one"
          raise "on purpose"
        }]
      end

      def not_implemented(_env) = raise(NotImplementedError, "on purpose")
      def yields_others(env) = watched(env, 200, {}, 1)
      def yields_others_late(env) = watched(env, 200, {}, "one", 1)

      def close_raises(_env)
        body = Body.new("one")
        body.define_singleton_method(:close) { raise "on purpose" }
        [200, {}, body]
      end

      # Sends more than any client reads.
      def endless(env)
        watch(env)
        body = Body.new
        def body.each = loop { yield "x" * 65_536 }
        [200, {}, body]
      end

      def finished(env)
        watch(env)
        env["rack.response_finished"] << ->(*) { raise "on purpose" } << ->(*) { note("last") }
        ok("x")
      end

      def finished_in_vain(env)
        watch(env)
        raise "on purpose"
      end

      private

      def place(env) = Integer(env["QUERY_STRING"])
      def length(env) = env["QUERY_STRING"].empty? ? {} : { "content-length" => env["QUERY_STRING"] }

      def watched(env, status, headers, *chunks)
        watch(env)
        [status, headers, Body.new(*chunks)]
      end
    end
  end
end

# The response of Rack's SPEC.
module Protocol
  # Responds with headers made from the path, so that their values repeat and differ between requests.
  module Echoes
    def self.call(env)
      value = env["PATH_INFO"].delete_prefix("/")
      headers = { "content-type" => "text/plain", "x-value" => value, "x-twice" => [value, "b"], value => "name" }
      headers["transfer-encoding"] = nil if value.end_with?("1")
      headers["rack.x"] = "a" if value.end_with?("3")
      [200, headers, [value]]
    end
  end
end

RSpec.describe "Rack responses" do
  in_both_modes do
    before { serve(Protocol::Responses) }

    # Expects a 500 and a log entry. The connection goes on.
    def expect_failure(target, to: "GET")
      client = connect
      response = client.exchange(Protocol.request(to, target))
      expect([response.status, response.names]).to eq([500, %w[content-type content-length date]])
      expect(client.get("/fine").body).to eq("fine")
      expect(log).to include("kino: ")
    end

    describe "statuses" do
      Protocol::ResponseTables::GOOD_STATUSES.each_with_index do |(what, status), place|
        it "may be #{what}" do
          expect(connect.get("/status?#{place}").status).to eq(Integer(status))
        end
      end

      Protocol::ResponseTables::BAD_STATUSES.each_with_index do |(what, status), place|
        it "may not be #{what}" do
          expect_failure("/bad-status?#{place}")
          expect(notes).to eq(["closed", ["finished", true, status, "Kino::InvalidResponseError"]])
        end
      end
    end

    describe "headers" do
      Protocol::ResponseTables::GOOD_HEADERS.each_with_index do |(what, (_, fields)), place|
        it "may contain #{what}" do
          %w[/headers /headers-of-a-stream].each do |target|
            response = connect.get("#{target}?#{place}")
            expect(response).to have_attributes(status: 200, body: "x")
            expect(response.fields_except(*Protocol::ResponseTables::OWN)).to eq(fields)
          end
        end
      end

      Protocol::ResponseTables::BAD_HEADERS.each_with_index do |(what, _), place|
        it "are refused with #{what}, and nothing of them is sent" do
          expect_failure("/bad-headers?#{place}")
          expect(notes).to eq(["closed", ["finished", true, 200, "Kino::InvalidResponseError"]])
          expect_failure("/bad-headers-of-an-array?#{place}")
        end
      end
    end

    # Changes that an app written for Rack 2 needs.
    {
      "LF in a cookie" => 'header set-cookie must not hold control characters, got "a=b\nc=d": for several lines ' \
                          "give an Array of Strings",
      "NUL in a value" => 'header x must not hold control characters, got "a\u0000b" (GET ',
      "a Symbol for a name" => 'a header name must be a String, got :x: write "x"',
      "an Integer for a name" => "a header name must be a String, got 1 (GET ",
      "an unknown coding" =>
        'the header transfer-encoding may only say that the body is "chunked" already, got "gzip, chunked"',
      "a coding as well as a content-length" => "content-length beside transfer-encoding: leave out one of them"
    }.each do |what, message|
      it "with #{what} raise an error that says what to change" do
        connect.get("/bad-headers?#{Protocol::ResponseTables::BAD_HEADERS.keys.index(what)}")
        expect(log).to include("Kino::InvalidResponseError: ").and include(message)
      end
    end

    Protocol::ResponseTables::BAD_BODIES.each_with_index do |(what, _), place|
      it "cannot have #{what} for a body" do
        expect_failure("/bad-body?#{place}")
      end
    end

    it "must have three elements" do
      expect_failure("/no-triple")
    end

    it "have their own headers, whatever the server sent before" do
      serve(Protocol::Echoes)
      few = (0..30).map { |index| "v#{index}" }
      many = (0..300).map { |index| "n#{index}" }
      [%w[a a b b a], few, %w[a a], ["l" * 300] * 2, many, %w[a]].flatten.each do |value|
        response = connect.get("/#{value}")
        expect(response.fields_except(*Protocol::ResponseTables::OWN)).to eq(
          [%w[content-type text/plain], ["x-value", value], ["x-twice", value], %w[x-twice b], [value, "name"]]
        )
      end
    end

    describe "bodies" do
      %w[/array /each /to-ary /call-stream].each do |target|
        it "are sent whole, #{target}" do
          client = connect
          2.times { expect(client.get(target).body).to eq("only") }
          2.times { expect(client.get("#{target}?4").all("content-length")).to eq(["4"]) }
          expect(log).to eq("")
        end

        it "end with the connection or after their length in HTTP/1.0, #{target}" do
          expect(connect.exchange("GET #{target} HTTP/1.0\r\n\r\n")).to have_attributes(body: "only")
          expect(connect.exchange("GET #{target}?4 HTTP/1.0\r\n\r\n")).to have_attributes(body: "only")
        end

        it "break the connection if they are shorter than their content-length, #{target}" do
          client = connect.write(Protocol.get("#{target}?10"))
          expect { client.read_response }.to raise_error(HttpClient::Broken)
          expect(client).to be_closed_by_server
          notes
          expect(log).to match(/6 bytes shorter/)
        end

        it "are truncated if they are longer than their content-length, #{target}" do
          [3, 2, 1].each do |length|
            client = connect
            10.times { expect(client.get("#{target}?#{length}").body).to eq("only"[0, length]) }
            expect(client.get("/fine").body).to eq("fine")
          end
          expect(notes.to_s).not_to include("DisconnectedError")
          expect(log.scan("bytes longer").size).to eq(30)
          expect(server.stats[:disconnects]).to eq(0)
        end

        it "are truncated to nothing if their content-length is zero, #{target}" do
          client = connect
          expect(client.get("#{target}?0").body).to eq("")
          expect(client.get("/fine").body).to eq("fine")
          notes
          expect(log).to match(/4 bytes longer/)
        end
      end

      %w[/each /call-stream].each do |target|
        it "report to rack.response_finished that they are too short, #{target}" do
          client = connect.write(Protocol.get("#{target}?10"))
          expect(client).not_to be_closed_by_server
          expect(notes.last).to eq(["finished", true, 200, "Kino::InvalidResponseError"])
          log
        end

        it "are not counted as disconnects if they have the announced length, #{target}" do
          client = connect
          20.times { expect(client.get("#{target}?4").body).to eq("only") }
          expect(server.stats[:disconnects]).to eq(0)
        end
      end

      it "are enumerated if they have both each and call" do
        expect(connect.get("/both").body).to eq("each")
      end
    end

    describe "that fail" do
      it "become a 500 if the app raises" do
        expect_failure("/raises")
        expect_failure("/not-implemented")
        expect_failure("/raises", to: "POST")
      end

      it "become a 500 before the first chunk" do
        expect_failure("/raises-at?0")
        expect(notes).to eq(["closed", ["finished", true, 200, "RuntimeError"]])
        expect_failure("/yields-others")
        expect(notes).to eq(["closed", ["finished", true, 200, "Kino::InvalidResponseError"]])
      end

      { "/raises-at?1" => "RuntimeError", "/raises-at?2" => "RuntimeError", "/stream-raises" => "RuntimeError",
        "/yields-others-late" => "Kino::InvalidResponseError" }.each do |target, error|
        it "break the connection if the first chunk has been sent, #{target}" do
          client = connect.write(Protocol.get(target))
          expect([client.read_head.status, client.read_chunk]).to eq([200, "one"])
          expect { 2.times { client.read_chunk or break } && raise("it looks complete") }
            .to raise_error(HttpClient::Broken)
          expect(notes.last).to eq(["finished", true, 200, error])
          expect(log).to include(error)
        end

        it "do not look complete to an HTTP/1.0 client if the head has been sent, #{target}" do
          client = connect.write("GET #{target} HTTP/1.0\r\n\r\n")
          expect { client.read_response }.to raise_error(HttpClient::Broken)
          log
        end
      end

      it "are logged if close raises" do
        expect(connect.get("/close-raises").body).to eq("one")
        notes
        expect(log).to include("on purpose")
      end
    end

    describe "close" do
      { "/each" => "GET", "/each?4" => "HEAD", "/each?10" => "GET", "/each?2" => "GET", "/to-ary" => "GET",
        "/to-ary?10" => "GET", "/raises-at?0" => "GET", "/raises-at?1" => "GET", "/bad-status?0" => "GET",
        "/bad-headers?0" => "HEAD" }.each do |target, verb|
        it "is called exactly once, #{verb} #{target}" do
          client = connect.write(Protocol.request(verb, target))
          client.read_head
          expect(notes.count("closed")).to eq(1)
          log
        end
      end

      %i[close reset].each do |how|
        it "is called exactly once when the client has left (#{how})" do
          client = connect.write(Protocol.get("/endless"))
          client.read_head
          client.read_chunk
          client.public_send(how)
          expect(notes).to eq(["closed", ["finished", true, 200, "Kino::DisconnectedError"]])
          await_stats(in_flight: 0, disconnects: 1)
          expect(log).to eq("")
        end
      end
    end

    describe "rack.response_finished" do
      it "runs its callbacks in reverse order, even if one of them raises" do
        expect(connect.get("/finished").body).to eq("x")
        expect(notes).to eq(["last", ["finished", true, 200, nil]])
        expect(log).to include("on purpose")
      end

      it "gets the error if there is no response" do
        expect_failure("/finished-in-vain")
        expect(notes).to eq([["finished", true, nil, "RuntimeError"]])
      end
    end
  end
end
