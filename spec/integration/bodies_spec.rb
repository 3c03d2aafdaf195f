# frozen_string_literal: true

require "support/integration"

RSpec.describe "response bodies" do
  in_both_modes do
    let(:server) { serve(Apps::Bodies) }

    def target(name) = "/#{name}?#{rendezvous.path}"

    def get(name) = HttpClient.get(server.port, target(name))

    # Stops the server first, so that nothing more can arrive.
    def told
      server.shutdown
      rendezvous.texts
    end

    # A worker may log after its client has read the whole response.
    def logged
      server.shutdown
      log
    end

    describe "with to_ary" do
      it "are sent with their length" do
        expect(get("array")).to have_attributes(status: 200, body: "onetwothree")
        expect(get("array")["content-length"]).to eq("11")
        expect(get("empty")).to have_attributes(status: 200, body: "")
        expect(get("sized-array").all("content-length")).to eq(["4"])
      end

      it "may be frozen, and so may the whole response" do
        2.times { expect(get("frozen").body).to eq("onetwothree") }
      end

      it "may be large" do
        expect(get("big-array").body).to eq(("x" * 3_000_000) + ("y" * 3_000_000))
      end

      it "are used as an array, and not closed again" do
        expect(get("to-ary")).to have_attributes(body: "onetwo")
        expect(get("to-ary")["content-length"]).to eq("6")
        expect(told).to eq(%w[closed closed])
      end
    end

    describe "with each" do
      it "are sent in chunks and closed" do
        response = get("each")
        expect(response.body).to eq("onetwothree")
        expect(response["transfer-encoding"]).to eq("chunked")
        expect(told).to eq(["closed"])
      end

      it "are sent with their content-length" do
        response = get("each-sized")
        expect(response).to have_attributes(body: "onetwo")
        expect([response["content-length"], response["transfer-encoding"]]).to eq(["6", nil])
        expect(told).to eq(["closed"])
      end

      it "may be Enumerators" do
        expect(get("enumerator").body).to eq("012")
      end

      it "may yield nothing, or empty strings" do
        expect(get("each-of-nothing").body).to eq("")
        expect(get("empty-chunks").body).to eq("onetwo")
        expect(told).to eq(["closed"])
      end

      it "end with the connection in HTTP/1.0, which has no chunks" do
        response = connect(server).write("GET #{target("each")} HTTP/1.0\r\n\r\n").read_response
        expect(response).to have_attributes(body: "onetwothree")
        expect(response["transfer-encoding"]).to be_nil
        expect(told).to eq(["closed"])
      end

      it "arrive piece by piece" do
        client = connect(server).send_head("GET", target("slow-each"))
        expect([client.read_head.status, client.read_chunk]).to eq([200, "first"])
        rendezvous.next.answer("second")
        expect([client.read_chunk, client.read_chunk]).to eq(["second", nil])
        expect(told).to eq(["closed"])
      end
    end

    describe "with call" do
      it "are called with a stream and closed" do
        expect(get("callable").body).to eq("called")
        expect(told).to eq(["closed"])
      end

      it "can read while they write" do
        client = connect(server).send_head("POST", "/echo", "transfer-encoding" => "chunked")
        expect(client.read_head.status).to eq(200)
        %w[hello world].each do |word|
          client.send_chunk(word)
          expect(client.read_chunk).to eq(word.upcase)
        end
        client.send_chunk("end").send_last_chunk
        expect([client.read_chunk, client.read_chunk]).to eq(["END", nil])
        expect(client.get("/array").status).to eq(200)
      end

      it "may close either direction" do
        response = HttpClient.request(server.port, "POST", target("stream"), {}, "xyz\nlast")
        expect(response.body).to eq("a1bxyZ\nLAST")
        expect(told).to eq(["[true, IOError, IOError]"])
      end

      it "do not delay the response head" do
        client = connect(server).send_head("GET", target("wait-first"))
        visitor = rendezvous.next
        expect(client.read_head.status).to eq(200)
        visitor.answer("done")
        expect(client.read_chunk).to eq("done")
      end

      it "break the connection when they raise" do
        expect { get("stream-that-raises") }.to raise_error(HttpClient::Broken)
        expect(logged).to start_with("kino: RuntimeError: no more (GET /stream-that-raises?")
      end
    end

    describe "on HEAD" do
      %w[array each to-ary callable].each do |name|
        it "#{name} is not sent, and the next response follows" do
          client = connect(server)
          expect(client.request("HEAD", target(name)).status).to eq(200)
          expect(client.get("/array").body).to eq("onetwothree")
          expect(told).to eq(name == "array" ? [] : ["closed"])
        end
      end

      it "keep the content-length of a GET" do
        expect(HttpClient.request(server.port, "HEAD", "/array")["content-length"]).to eq("11")
        expect(HttpClient.request(server.port, "HEAD", target("each-sized"))["content-length"]).to eq("6")
      end
    end

    describe "with 204 and 304" do
      it "are not sent, and the next response follows" do
        client = connect(server)
        %w[no-content no-content-array not-modified].each do |name|
          response = client.get(target(name))
          expect(response.status).to eq(name == "not-modified" ? 304 : 204)
          lengths = response.names & %w[content-length transfer-encoding]
          expect(lengths).to eq([]) if response.status == 204
        end
        expect(client.get("/array").body).to eq("onetwothree")
        expect(told).to eq(["closed"])
      end
    end

    describe "that fail" do
      it "become a 500 if nothing has been sent" do
        expect(get("raises-at-once").status).to eq(500)
        expect(logged).to start_with("kino: RuntimeError: no more (GET /raises-at-once?")
        expect(told).to eq(["closed"])
      end

      it "break the connection if something has been sent" do
        client = connect(server).send_head("GET", target("raises-midway"))
        expect([client.read_head.status, client.read_chunk]).to eq([200, "one"])
        expect { client.read_chunk }.to raise_error(HttpClient::Broken)
        expect(told).to eq(["closed"])
        expect(logged).to start_with("kino: RuntimeError: no more (GET /raises-midway?")
      end

      it "are logged if everything has been sent" do
        expect(get("raises-at-the-end").body).to eq("onetwo")
        expect(told).to eq(["closed"])
        expect(logged).to start_with("kino: RuntimeError: no more (GET /raises-at-the-end?")
      end

      it "are logged if close raises, and the response is unchanged" do
        expect(get("bad-close").body).to eq("one")
        expect(told).to eq(["closed"])
        expect(logged).to start_with("kino: RuntimeError: cannot close (GET /bad-close?")
      end

      it "become a 500 if a header cannot be sent" do
        response = get("bad-header")
        expect(response.status).to eq(500)
        expect(response.headers.flatten.grep(/bad|smuggled/)).to be_empty
        expect(logged).to start_with("kino: Kino::InvalidResponseError: the value of header x-bad")
        expect(told).to eq(["closed"])
      end

      it "are refused if they are not valid bodies" do
        %w[no-body array-of-others not-strings-first].each { |name| expect(get(name).status).to eq(500) }
        expect { get("not-strings") }.to raise_error(HttpClient::Broken)
        expect(logged.scan(/^kino: (\S+)/).flatten).to eq(["Kino::InvalidResponseError:"] * 4)
        expect(told).to eq(%w[closed closed])
      end
    end

    describe "whose length does not match their content-length" do
      it "break the connection if they are shorter" do
        %w[short-array short-each].each { |name| expect { get(name) }.to raise_error(HttpClient::Broken, "4 of 10 bytes") }
        expect(told).to eq(["closed"])
        expect(logged.scan("the body is 6 bytes shorter than its content-length").size).to eq(2)
      end

      it "are truncated if they are longer, and the connection stays open" do
        client = connect(server)
        %w[long-array long-each].each do |name|
          expect(client.get(target(name))).to have_attributes(body: "only")
        end
        expect(client.get("/array").body).to eq("onetwothree")
        expect(told).to eq(["closed"])
        expect(logged.scan("the body is 4 bytes longer than its content-length").size).to eq(2)
      end

      # The front-end drops the body once the announced bytes are sent.
      it "are truncated even if the client has the whole response before the surplus is written" do
        client = connect(server).send_head("GET", target("late-surplus"))
        expect(client.read_response.body).to eq("only")
        rendezvous.next.answer("this")
        expect(client.get("/array").body).to eq("onetwothree")
        expect(told).to eq(["closed", "finished without an error"])
        expect(logged).to include("the body is 4 bytes longer than its content-length")
        expect(server.stats).to include(disconnects: 0)
      end

      it "are not logged if the length is right, no matter how late they end" do
        client = connect(server).send_head("GET", target("late-surplus"))
        expect(client.read_response.body).to eq("only")
        rendezvous.next.answer("")
        expect(told).to eq(["closed", "finished without an error"])
        expect(server.stats).to include(disconnects: 0)
      end

      it "are refused if the content-length is not a number" do
        expect(get("bad-length").status).to eq(500)
        expect(logged).to start_with("kino: Kino::InvalidResponseError: content-length must be one whole number")
      end
    end

    describe "rack.response_finished" do
      it "runs its callbacks in reverse order, even if one of them raises" do
        expect(get("finished").status).to eq(201)
        response = '[:%s, true, 201, {"content-type" => "text/plain"}, NilClass]'
        expect(told).to eq([format(response, "last"), format(response, "first")])
        expect(logged).to start_with("kino: RuntimeError: a bad one (GET /finished?")
      end

      it "receives the error" do
        expect(get("finished-in-vain").status).to eq(500)
        expect(told).to eq(["[nil, nil, #<RuntimeError: in vain>]"])
        expect(logged).to start_with("kino: RuntimeError: in vain")
      end
    end
  end
end
