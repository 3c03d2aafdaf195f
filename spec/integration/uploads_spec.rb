# frozen_string_literal: true

require "digest"
require "support/integration"

RSpec.describe "request bodies" do
  # @return [HttpClient::Response] the response to a chunked body
  def post_chunked(port, path, *chunks)
    HttpClient.open(port) do |client|
      client.send_head("POST", path, "transfer-encoding" => "chunked")
      chunks.each { |chunk| client.send_chunk(chunk) }
      client.send_last_chunk.read_response
    end
  end

  in_both_modes do
    let(:server) { serve(Apps::Uploads) }

    def post(path, body) = HttpClient.request(server.port, "POST", path, {}, body)

    def target(name) = "/#{name}?#{rendezvous.path}"

    {
      "by content-length" => ->(port, path, body) { HttpClient.request(port, "POST", path, {}, body) },
      "in one chunk" => ->(port, path, body) { post_chunked(port, path, body) },
      "in chunks of a byte" => ->(port, path, body) { post_chunked(port, path, *body.chars) }
    }.each do |kind, send|
      describe "sent #{kind}" do
        define_method(:send_body) { |path, body| instance_exec(server.port, path, body, &send) }

        it "can be read whole" do
          expect(send_body("/read", "some bytes").body).to eq("some bytes")
        end

        it "can be read in pieces" do
          expect(send_body("/read-pieces", "abcdefgh").body).to eq(
            ["", "abc", true, "de", "fgh", "", nil, nil, "", true, "", nil].inspect
          )
        end

        it "can be read line by line" do
          body = "one\ntwo\n\nfour"
          expect(send_body("/gets", body).body).to eq(%W[one\n two\n \n four].inspect)
          expect(send_body("/each", body).body).to eq(%W[one\n two\n \n four].inspect)
        end

        it "are binary, and each returns the input" do
          expect(send_body("/each-in-detail", "a\nb\n").body).to eq(
            [%W[a\n b\n], true, [], Encoding::BINARY].inspect
          )
        end
      end
    end

    it "raise when read after close" do
      expect(post("/close", "ab").body).to eq("[nil, IOError, IOError, IOError]")
    end

    it "may be empty" do
      expect(post("/read-pieces", "").body).to eq(
        ["", nil, false, "", "", "", nil, nil, "", true, "", nil].inspect
      )
      expect(post_chunked(server.port, "/read").body).to eq("")
      expect(HttpClient.get(server.port, "/each-in-detail").body).to start_with("[[], true, [], ")
    end

    it "cannot be read with a negative length" do
      expect(post("/negative", "abc").body).to eq("negative length -1 given")
      expect(HttpClient.get(server.port, "/negative").body).to eq("negative length -1 given")
    end

    it "of 20 MB arrive unchanged" do
      body = Random.new(1).bytes(20 * 1024 * 1024)
      wanted = "#{body.bytesize} #{Digest::SHA256.hexdigest(body)}"
      expect(post("/digest", body).body).to eq(wanted)
      chunks = (0...body.bytesize).step(300_000).map { |from| body.byteslice(from, 300_000) }
      expect(post_chunked(server.port, "/digest", *chunks).body).to eq(wanted)
    end

    it "may have trailers, which are dropped" do
      client = connect(server).send_head("POST", "/read", "transfer-encoding" => "chunked", "trailer" => "x-sum")
      client.send_chunk("abc").write("0\r\nx-sum: 1\r\n\r\n")
      expect(client.read_response.body).to eq("abc")
      expect(client.request("POST", "/read", {}, "next").body).to eq("next")
    end

    it "reach the app before they are complete" do
      client = connect(server).send_head("POST", "/read", "content-length" => 6)
      client.write("abc")
      eventually { server.stats[:in_flight] == 1 }
      client.write("def")
      expect(client.read_response.body).to eq("abcdef")
    end

    it "get 100 Continue when the app reads" do
      client = connect(server).send_head("POST", "/read", "content-length" => 3, "expect" => "100-continue")
      expect(client.read_head.status).to eq(100)
      expect(client.write("abc").read_response).to have_attributes(status: 200, body: "abc")
    end

    it "get no 100 Continue if the app does not read" do
      client = connect(server).send_head("POST", "/ignore", "content-length" => 3, "expect" => "100-continue")
      expect(client.read_response).to have_attributes(status: 200, body: "ignored")
    end

    it "may be left unread" do
      expect(post("/ignore", "x" * 100).body).to eq("ignored")
      expect(post("/ignore", "x" * 100_000)).to have_attributes(body: "ignored")
      expect(post("/read", "abc").body).to eq("abc")
    end

    it "cannot be read after the response" do
      response = HttpClient.request(server.port, "POST", target("later"), {}, "abc")
      expect(response.body).to eq("answered")
      expect(rendezvous.next.text).to eq("IOError")
    end

    describe "that are larger than max_body_size" do
      let(:server) { serve(Apps::Uploads, max_body_size: 10) }

      it "are refused before the app runs if the content-length says so" do
        client = connect(server).send_head("POST", target("report"), "content-length" => 11)
        expect(client.read_response.status).to eq(413)
        expect(client.closed_by_server?).to be(true)
        expect(rendezvous.texts).to be_empty
        expect(server.stats).to include(served: 0, refused: 1)
      end

      it "make the read raise if there is no content-length" do
        client = connect(server).send_head("POST", target("report"), "transfer-encoding" => "chunked")
        client.send_chunk("12345678").send_chunk("9abc")
        expect(client.read_response.status).to eq(413)
        expect(client.closed_by_server?).to be(true)
        expect([rendezvous.next.text, rendezvous.next.text]).to eq(
          ["reading", "[Kino::BodyTooLargeError, Kino::RequestBodyError, Kino::Error]"]
        )
        expect(post("/read", "1234567890").body).to eq("1234567890")
      end

      it "get the server's response even if the app rescues the error" do
        client = connect(server).send_head("POST", "/survive", "transfer-encoding" => "chunked")
        expect(client.send_chunk("123456789ab").read_response.status).to eq(413)
        expect(post("/read", "1").body).to eq("1")
      end

      it "are accepted up to that size" do
        expect(post("/read", "1234567890").body).to eq("1234567890")
        expect(post_chunked(server.port, "/read", "12345", "67890").body).to eq("1234567890")
      end
    end

    it "have no limit if max_body_size is nil" do
      server = serve(Apps::Uploads, max_body_size: nil)
      expect(HttpClient.request(server.port, "POST", "/digest", {}, "x" * 100).status).to eq(200)
    end

    it "make the read raise if they are malformed" do
      client = connect(server).send_head("POST", target("report"), "transfer-encoding" => "chunked")
      expect(rendezvous.next.text).to eq("reading")
      client.write("nonsense\r\n")
      expect(rendezvous.next.text).to eq("[Kino::BadBodyError, Kino::RequestBodyError, Kino::Error]")
      expect(client.read_response.status).to eq(400)
      expect(client.closed_by_server?).to be(true)
    end
  end
end
