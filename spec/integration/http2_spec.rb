# frozen_string_literal: true

require "support/http2_client"
require "support/integration"

RSpec.describe "HTTP/2" do
  # @return [Http2Client] open until the example ends
  def connect2(server = self.server)
    @clients << Http2Client.new(server.port)
    @clients.last
  end

  in_both_modes do
    let(:server) { serve(Apps::Http2) }

    def target(name) = "/#{name}?#{rendezvous.path}"

    describe "an env" do
      let(:server) { serve(Apps::EnvDump) }

      def env_of(client, ...) = Apps::EnvDump.parse(client.get(...))

      it "names the request, the server and the client" do
        client = connect2
        2.times do
          expect(env_of(client, "/a%20b?c=d", "x-a" => "1", "te" => "trailers")).to include(
            "REQUEST_METHOD" => "GET", "SCRIPT_NAME" => "", "PATH_INFO" => "/a%20b", "QUERY_STRING" => "c=d",
            "SERVER_NAME" => "example.org", "SERVER_PORT" => "80", "SERVER_PROTOCOL" => "HTTP/2",
            "HTTP_HOST" => "example.org", "rack.url_scheme" => "http", "HTTP_X_A" => "1", "HTTP_TE" => "trailers",
            "REMOTE_ADDR" => "127.0.0.1", "REMOTE_PORT" => client.local_address.ip_port.to_s
          )
        end
      end

      it "has no hijacking, although that of HTTP/1 on the same port and host has" do
        http2 = connect2
        http1 = connect(server)
        2.times do
          expect(env_of(http2, "/")).to include("rack.hijack?" => "FalseClass", "SERVER_PROTOCOL" => "HTTP/2")
          expect(env_of(http2, "/").keys).not_to include("rack.hijack", "rack.protocol")
          expect(Apps::EnvDump.parse(http1.get("/", "host" => "example.org"))).to include(
            "rack.hijack?" => "TrueClass", "rack.hijack" => "Kino::Request", "SERVER_PROTOCOL" => "HTTP/1.1"
          )
        end
      end

      it "has the Host where there is no authority" do
        expect(env_of(connect2, "/", ":authority" => [], "host" => "other.example:81")).to include(
          "HTTP_HOST" => "other.example:81", "SERVER_NAME" => "other.example", "SERVER_PORT" => "81"
        )
      end
    end

    it "joins the crumbs of a cookie, and other fields" do
      response = connect2.get("/cookies", "cookie" => %w[a=1 b=2], "x-list" => %w[1 2])
      expect(response.body).to eq("a=1; b=2|1, 2")
    end

    it "takes the connection over for no request" do
      client = connect2
      expect(client.get("/hijack").body).to eq("[false, false, false]")
      expect(client.get("/hijack-anyway").body).to eq("Kino::Error")
      expect(client.get("/hello").body).to eq("hello")
    end

    it "carries several requests at a time" do
      server = serve(Apps::Http2, workers: 2)
      client = connect2(server)
      first, second = Array.new(2) { client.request("GET", target("ask")) }
      visitors = Array.new(2) { rendezvous.next }
      third = client.request("GET", "/hello")
      visitors.each_with_index { |visitor, at| visitor.answer("answer #{at}") }
      bodies = [first, second, third].map { |stream| client.response(stream).body }
      expect(bodies).to contain_exactly("answer 0", "answer 1", "hello")
    end

    it "reads request bodies" do
      client = connect2
      stream = client.request("POST", "/read", open: true)
      client.data(stream, "one ")
      client.data(stream, "two", last: true)
      expect(client.response(stream).body).to eq("one two")
      body = "x" * 60_000
      stream = client.request("POST", "/read", { "content-length" => body.bytesize.to_s }, body:)
      expect(client.response(stream).body).to eq(body)
    end

    it "streams a body piece by piece" do
      client = connect2
      stream = client.request("GET", target("each"))
      expect(client.read_head(stream).first).to have_attributes(status: 200)
      expect(client.read_piece(stream)).to eq(["first ", false])
      rendezvous.next.answer("second")
      expect(client.read_piece(stream).first).to eq("second")
    end

    it "resets the stream of a body that raises" do
      client = connect2
      stream = client.request("GET", "/raise-midway")
      client.read_head(stream)
      expect(client.read_piece(stream)).to eq(["first ", false])
      expect { client.read_piece(stream) }.to raise_error(Http2Client::Broken) { |error| expect(error.code).to eq(2) }
      expect(client.get("/hello").body).to eq("hello")
      expect(log).to include("midway")
    end

    %w[/echo /partial-hijack].each do |path|
      it "lets #{path} read while it writes" do
        client = connect2
        stream = client.request("POST", path, open: true)
        expect(client.read_head(stream)).to match([have_attributes(status: 200), false])
        %w[one two].each do |line|
          client.data(stream, "#{line}\n")
          expect(client.read_piece(stream)).to eq(["#{line.upcase}\n", false])
        end
        client.data(stream, "", last: true)
        expect(client.read_piece(stream).first).to eq("end")
        expect(client.get("/hello").body).to eq("hello")
      end
    end

    it "answers an app 500 that switches protocols" do
      expect(connect2.get("/switch").status).to eq(500)
      expect(log).to include("InvalidResponseError")
    end

    it "sends no header that concerns a connection, and names in lower case" do
      response = connect2.get("/connection-headers")
      date, *others = response.fields.reverse
      expect(others.reverse).to eq([%w[x-a 1], %w[x-a 2], %w[x-b 3], %w[content-length 2]])
      expect(date).to match(["date", /\A\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\z/])
    end

    it "sends early hints while the app is at work" do
      server = serve(Apps::Http2, early_hints: true)
      client = connect2(server)
      stream = client.request("GET", target("hints"))
      hints = have_attributes(status: 103, fields: [["link", "</a.css>; rel=preload"]])
      expect(client.read_head(stream)).to match([hints, false])
      rendezvous.next.answer
      expect(client.response(stream)).to have_attributes(status: 200, body: "done")
    end

    it "tells the app of a client that has reset its stream" do
      client = connect2
      stream = client.request("GET", target("wait"))
      expect(rendezvous.next.text).to eq("waiting")
      client.reset(stream)
      expect(rendezvous.next.text).to eq(":disconnected")
      expect(client.get("/hello").body).to eq("hello")
      expect(server.stats).to include(disconnects: 1)
    end

    it "holds a connection to its limits" do
      server = serve(Apps::Http2, max_concurrent_streams: 1, max_body_size: 10, max_headers: 5)
      client = connect2(server)
      expect(client.response(client.request("POST", "/read", body: "x" * 11)).status).to eq(413)
      expect(client.get("/hello", ("a".."f").to_h { |name| [name, "1"] }).status).to eq(431)
      stream = client.request("GET", target("ask"))
      visitor = rendezvous.next
      expect { client.get("/hello") }.to raise_error(Http2Client::Broken) { |error| expect(error.code).to eq(7) }
      visitor.answer("yes")
      expect(client.response(stream).body).to eq("yes")
      expect(server.stats[:refusals]).to eq(body_too_large: 1, too_many_headers: 1)
    end

    it "finishes what has begun when the server stops" do
      client = connect2
      stream = client.request("GET", target("ask"))
      visitor = rendezvous.next
      stopping = concurrently { server.shutdown }
      expect(client.goaway).to eq(0)
      visitor.answer("finished")
      expect(client.response(stream)).to have_attributes(status: 200, body: "finished")
      expect(client.closed_by_server?).to be(true)
      stopping.value
      expect(server.stats).to include(served: 1, dropped: 0, disconnects: 0)
    end

    it "is not spoken if it is turned off" do
      server = serve(Apps::Http2, http2: false)
      expect(HttpClient.get(server.port, "/hello").body).to eq("hello")
      client = connect(server)
      client.write(Http2Client::PREFACE)
      expect(client.read_response.status).to eq(505)
    end
  end
end
