# frozen_string_literal: true

require "support/http_client"

RSpec.describe HttpClient do
  around do |example|
    @listener = TCPServer.new("127.0.0.1", 0)
    example.run
  ensure
    @client&.close
    @served&.close
    @listener.close
  end

  # Connects, and sends the client these bytes.
  def client(bytes = "", **)
    @client = described_class.open(@listener.addr[1], **)
    @served = @listener.accept
    @served.write(bytes)
    @client
  end

  def client_of(bytes) = client(bytes).tap { @served.close }

  def received
    @client.close_write
    @served.read
  end

  describe "requests" do
    it "sends bytes as they are" do
      client.write("GET", " / nonsense\r\n")
      expect(received).to eq("GET / nonsense\r\n")
    end

    it "sends a head with a host and the headers given" do
      client.send_head("GET", "/a?b", "x-one" => "1", "x-many" => %w[2 3])
      expect(received).to eq("GET /a?b HTTP/1.1\r\nhost: kino.test\r\nx-one: 1\r\nx-many: 2\r\nx-many: 3\r\n\r\n")
    end

    it "sends a body with its length, and a host of the caller's" do
      client("HTTP/1.1 204 \r\n\r\n").request("POST", "/", { "host" => "a" }, "grün")
      expect(received.b).to eq("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\ngr\xC3\xBCn".b)
    end

    it "sends chunks" do
      client.send_chunk("x" * 17).send_last_chunk
      expect(received).to eq("11\r\n#{"x" * 17}\r\n0\r\n\r\n")
    end
  end

  describe "responses" do
    it "has the version, the status and the headers as they were sent" do
      response = client("HTTP/1.0 404 Not\r\nX-A: 1\r\nx-a:2\r\nX-Empty:\r\nContent-Length: 0\r\n\r\n").read_response
      expect(response).to have_attributes(version: "HTTP/1.0", status: 404, body: "")
      expect(response.fields).to eq([%w[X-A 1], %w[x-a 2], ["X-Empty", ""], %w[Content-Length 0]])
      expect(response.headers.first).to eq(%w[x-a 1])
      expect([response.all("x-a"), response["content-length"], response["absent"]]).to eq([%w[1 2], "0", nil])
      expect { response["X-a"] }.to raise_error("2 headers named X-a")
      expect(response.fields_except("x-a", "x-empty")).to eq([%w[Content-Length 0]])
    end

    it "reads a body by its length, and the next response on the same connection" do
      responses = "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabcHTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nd"
      expect(client(responses).read_response.body).to eq("abc")
      expect(@client.read_response.body).to eq("d")
    end

    it "reads a chunked body, at once or chunk by chunk" do
      chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n"
      expect(client(chunked * 2).read_response.body).to eq("abc0123456789")
      expect([@client.read_first_chunk, @client.read_chunk, @client.read_chunk]).to eq(["abc", "0123456789", nil])
    end

    it "reads a body until the server closes" do
      expect(client_of("HTTP/1.1 200 OK\r\n\r\nall\r\nof it").read_response.body).to eq("all\r\nof it")
    end

    it "expects no body if there is none by definition" do
      client("HTTP/1.1 304 NM\r\ncontent-length: 9\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n")
      expect(@client.read_response.body).to eq("")
      expect(@client.read_response(to: "HEAD").body).to eq("")
    end

    it "yields a large body in pieces" do
      sizes = []
      client("HTTP/1.1 200 OK\r\ncontent-length: 200000\r\n\r\n#{"x" * 200_000}")
      response = @client.read_response { |piece| sizes << piece.bytesize }
      expect(response).to have_attributes(status: 200, body: nil)
      expect([sizes.sum, sizes.max]).to match([200_000, be <= HttpClient::PIECE])
    end
  end

  describe "what is no response" do
    {
      "nothing" => "",
      "no status line" => "hello\r\n\r\n",
      "a status line without its second space" => "HTTP/1.1 200\r\n\r\n",
      "half a head" => "HTTP/1.1 200 OK\r\ncontent-len",
      "a header without a colon" => "HTTP/1.1 200 OK\r\nx\r\n\r\n",
      "a space before the colon" => "HTTP/1.1 200 OK\r\nx : y\r\n\r\n",
      "a body shorter than its length" => "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nab",
      "a chunked body without an end" => "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n",
      "a negative length" => "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
      "an empty length" => "HTTP/1.1 200 OK\r\ncontent-length: \r\n\r\n",
      "a negative chunk size" => "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n-1\r\n\r\n",
      "a chunk longer than its size" => "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n"
    }.each do |what, bytes|
      it "is #{what}" do
        expect { client_of(bytes).read_response }.to raise_error(described_class::Broken)
      end
    end

    it "is one that a reset cuts off" do
      client("HTTP/1.1 200 OK\r\n\r\nto the end")
      @served.setsockopt(Socket::Option.linger(true, 0))
      @client.read_head
      @served.close
      expect { @client.read_rest }.to raise_error(described_class::Broken)
    end
  end

  it "times out if nothing comes" do
    expect { client(timeout: 0.01).read_head }.to raise_error(IO::TimeoutError)
  end

  it "tells whether something has come, and whether the server has closed" do
    expect(client).to be_quiet
    @served.write("ab")
    expect([@client.unread, @client.quiet?, @client.closed_by_server?]).to eq([2, false, false])
    @served.close
    expect([@client.read_exactly(2), @client.closed_by_server?]).to eq(["ab", true])
  end

  it "can leave with a reset" do
    client.reset
    expect { @served.read }.to raise_error(Errno::ECONNRESET)
  end

  it "closes after a block, whatever happens in it" do
    inner = nil
    expect do
      described_class.open(@listener.addr[1]) { |opened| raise "in it" if (inner = opened) }
    end.to raise_error("in it")
    expect(inner.socket).to be_closed
  end
end
