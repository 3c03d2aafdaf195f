# frozen_string_literal: true

require "support/protocol"

module Protocol
  # Bodies that the app has chunked. The bytes are in the query: % is a line end, _ a space, and | separates the pieces.
  module ChunkedBodies
    extend Routes

    CODED = { "content-type" => "text/plain", "Transfer-Encoding" => "Chunked" }.freeze

    # Yields its chunks; its to_path is a file that is not chunked.
    class WithPath < Body
      def to_path = __FILE__
    end

    class << self
      def each(env) = coded(env, Body.new(*pieces(env)))
      def path(env) = coded(env, WithPath.new(*pieces(env)))
      def array(env) = coded(env, pieces(env))
      def stream(env) = coded(env, ->(stream) { pieces(env).each { |piece| stream << piece } })

      # As in Rails' ActionController::Streaming.
      def rails(env)
        chunks = %w[<p> <b>bold</b> </p>].map { |text| [text.bytesize.to_s(16), "\r\n", text, "\r\n"].join }
        env["rack.response_finished"] << ->(*, error) { note(["finished", error&.class&.name]) }
        [200, { "transfer-encoding" => "chunked" }, Body.new(*chunks, "0\r\n", "\r\n")]
      end

      def raises(_env) = [200, CODED, Body.new("1\r\na\r\n", fail_at: 1)]
      def partial(_env) = [200, CODED.merge("rack.hijack" => method(:hijacked)), []]

      def hijacked(socket)
        socket << "3\r\nraw\r\n0\r\n\r\n"
        socket.close
      end

      def fine(_env) = ok("fine")

      private

      def coded(env, body)
        watch(env)
        [env["HTTP_STATUS"]&.to_i || 200, CODED, body]
      end

      def pieces(env) = env["QUERY_STRING"].tr("_", " ").gsub("%", "\r\n").split("|", -1)
    end
  end
end

# Bodies that the app has chunked. The server decodes the chunks and frames their content itself.
RSpec.describe "Rack bodies chunked by the app" do
  in_both_modes do
    before { serve(Protocol::ChunkedBodies) }

    hello = "5%hello%1;a=b%!%0%X:y%%"

    %w[/each /path /array /stream].each do |kind|
      { "in one piece" => hello, "in pieces" => hello.gsub(/(?=[5hl1a;0y])/, "|"),
        "in pieces, some of them empty" => "||#{hello}||" }.each do |what, bytes|
        it "are chunked only once, #{kind} #{what}" do
          client = connect
          response = client.get("#{kind}?#{bytes}")
          expect(response).to have_attributes(status: 200, body: "hello!")
          expect(response.all("transfer-encoding") + response.all("content-length")).to eq(%w[chunked])
          expect(client.get("/fine").body).to eq("fine")
        end
      end

      it "are not chunked for HTTP/1.0, #{kind}" do
        response = connect.exchange("GET #{kind}?#{hello} HTTP/1.0\r\n\r\n")
        expect([response.body, response["transfer-encoding"]]).to eq(["hello!", nil])
      end

      it "are omitted for HEAD, 204 and 304, #{kind}" do
        client = connect
        %w[HEAD GET GET].zip([200, 204, 304]).each do |method, status|
          response = client.exchange(Protocol.request(method, "#{kind}?nonsense", "Status: #{status}"))
          expect([response.status, response.body]).to eq([status, ""])
        end
        expect(client.get("/fine").body).to eq("fine")
      end

      {
        "not chunked at all" => "plain", "empty" => "", "without the last chunk" => "0%",
        "chunked with a bad size" => "+5%hello%0%%",
        "followed by a response" => "0%%HTTP/1.1_200_OK%Content-Length:_0%%", "without line ends" => "5hello0",
        "followed by another piece" => "0%%|x"
      }.each do |what, bytes|
        it "become a 500 if they are #{what}, #{kind}" do
          client = connect
          expect(client.get("#{kind}?#{bytes}").status).to eq(500)
          expect(client.get("/fine").body).to eq("fine")
          expect(notes.last).to eq(["finished", true, 200, "Kino::InvalidResponseError"])
          expect(log).to match(/InvalidResponseError: the body (is not chunked, as|ends before its last)/)
        end
      end

      {
        "end early" => "1%a%", "become invalid" => "1%a%|x", "go on after their end" => "1%a%0%%|1%b%0%%"
      }.each do |what, bytes|
        it "break the connection if they #{what} after a part has been sent, #{kind}" do
          client = connect.write(Protocol.get("#{kind}?#{bytes}"))
          expect { client.read_response }.to raise_error(HttpClient::Broken)
          expect(notes.last).to eq(["finished", true, 200, "Kino::InvalidResponseError"])
          log
        end
      end
    end

    it "may come from Rails" do
      expect(connect.get("/rails").body).to eq("<p><b>bold</b></p>")
      expect(notes).to eq(["closed", ["finished", nil]])
    end

    it "break the connection if they raise" do
      client = connect.write(Protocol.get("/raises"))
      expect([client.read_head.status, client.read_chunk]).to eq([200, "a"])
      expect { client.read_chunk }.to raise_error(HttpClient::Broken)
      expect(notes).to eq(["closed"])
      log
    end

    it "are sent unchanged over a hijacked connection" do
      response = connect.get("/partial")
      expect([response.body, response["transfer-encoding"], response["connection"]]).to eq(%w[raw chunked close])
      expect(connect.exchange(Protocol.request("HEAD", "/partial")).status).to eq(200)
    end
  end
end
