# frozen_string_literal: true

require "support/protocol"

# RFC 9112 section 2.
RSpec.describe "HTTP/1.1 messages" do
  in_both_modes do
    describe "line ends (RFC 9112 section 2.2)" do
      it_refuses(
        {
          "a bare LF after the request line" => "GET / HTTP/1.1\nHost: a\r\n\r\n",
          "a bare LF after a header" => "GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n",
          "a bare LF as the empty line" => "GET / HTTP/1.1\r\nHost: a\r\n\n",
          "bare LFs everywhere" => "GET / HTTP/1.1\nHost: a\n\n",
          "a bare LF before the request line" => "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
          "LF before CR" => "GET / HTTP/1.1\n\rHost: a\n\r\n\r"
        }, with: 400, as: :bare_line_end
      )
      it_refuses(
        {
          "a bare CR in a header" => "GET / HTTP/1.1\r\nHost: a\r\nX: a\rY: b\r\n\r\n",
          "a bare CR at the end of a header" => "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\r\n\r\n",
          "a bare CR in a name" => "GET / HTTP/1.1\r\nHost: a\r\nX\rY: z\r\n\r\n"
        }, with: 400, as: :bad_header
      )
      it_refuses(
        { "a bare CR as the end of the request line" => "GET / HTTP/1.1\rHost: a\r\n\r\n" },
        with: 400, as: :bad_request_line
      )
      it_refuses({ "a bare CR in the target" => "GET /a\rb HTTP/1.1\r\nHost: a\r\n\r\n" }, with: 400, as: :bad_target)
    end

    describe "empty lines before the request line (RFC 9112 section 2.2)" do
      it_accepts(
        "one empty line" => "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "two empty lines" => "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"
      )
      it_refuses({ "fifty of them" => "\r\n" * 50 }, with: 400, as: :bad_request_line)

      it "are accepted after a body, because old clients send them" do
        serve(Protocol::Plain)
        client = connect
        expect(client.exchange(Protocol.post("/", "one")).body).to eq("one")
        client.write("\r\n")
        expect(client.exchange(Protocol.post("/", "two")).body).to eq("two")
      end
    end

    it_refuses(
      {
        "white space before the first header (RFC 9112 section 2.2)" => "GET / HTTP/1.1\r\n Host: a\r\n\r\n",
        "a tab before the first header" => "GET / HTTP/1.1\r\n\tHost: a\r\n\r\n"
      }, with: 400, as: :bad_header
    )

    describe "the version (RFC 9112 section 2.3)" do
      it_refuses(
        {
          "HTTP/1.2" => "GET / HTTP/1.2\r\nHost: a\r\n\r\n",
          "HTTP/0.9" => "GET / HTTP/0.9\r\nHost: a\r\n\r\n",
          "HTTP/2.0" => "GET / HTTP/2.0\r\nHost: a\r\n\r\n",
          "what begins like the preface of HTTP/2" => "PRI * HTTP/2.0\r\nHost: a\r\n\r\n"
        }, with: 505, as: :bad_version
      )

      it_refuses({ "the preface of HTTP/2" => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" },
                 with: 505, as: :bad_version, http2: false)

      it_refuses(
        {
          "lower case" => "GET / http/1.1\r\nHost: a\r\n\r\n",
          "more digits" => "GET / HTTP/1.10\r\nHost: a\r\n\r\n",
          "leading zeros" => "GET / HTTP/01.1\r\nHost: a\r\n\r\n",
          "no minor digit" => "GET / HTTP/1\r\nHost: a\r\n\r\n",
          "another protocol" => "GET / ICY/1.1\r\nHost: a\r\n\r\n",
          "a sign" => "GET / HTTP/+1.1\r\nHost: a\r\n\r\n",
          "text after it" => "GET / HTTP/1.1x\r\nHost: a\r\n\r\n",
          "no dot" => "GET / HTTP/11\r\nHost: a\r\n\r\n"
        }, with: 400, as: :bad_request_line
      )

      it "1.0 is served without a Host, and the connection is closed" do
        serve(Protocol::Env)
        client = connect
        response = client.exchange("GET /x HTTP/1.0\r\n\r\n")
        env = Marshal.load(response.body) # rubocop:disable Security/MarshalLoad
        expect(env).to include("SERVER_PROTOCOL" => "HTTP/1.0", "PATH_INFO" => "/x")
        expect(client).to be_closed_by_server
      end

      it "cannot be omitted, as in HTTP/0.9" do
        serve(Protocol::Plain)
        expect_refusal(connect.write("GET /\r\n\r\n"), 400)
        expect(server.stats[:refusals]).to eq(bad_request_line: 1)
      end
    end

    it "may arrive in pieces of any size" do
      serve(Protocol::Plain)
      request = "\r\n#{Protocol.chunked("/x", "3;a=b\r\nabc\r\n0\r\nT: x\r\n\r\n")}"
      [1, 2, 3, 7, 50].each do |size|
        client = connect
        request.bytes.each_slice(size) { |bytes| client.write(bytes.pack("C*")) }
        expect(client.read_response.body).to eq("abc")
      end
    end
  end
end
