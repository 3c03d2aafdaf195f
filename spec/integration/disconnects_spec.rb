# frozen_string_literal: true

require "support/integration"

RSpec.describe "clients that disconnect" do
  # An orderly close, and a reset as from a process that dies.
  %i[close reset].each do |way|
    context "with #{way}" do
      in_both_modes do
        def target(name) = "/#{name}?#{rendezvous.path}"

        # Expects the only worker to be free again.
        def expect_free(server, path)
          expect(HttpClient.get(server.port, path).status).to eq(200)
          eventually { server.stats.values_at(:in_flight, :connections) == [0, 0] }
          expect(server.stats).to include(disconnects: 1, respawns: 0)
        end

        # If this returns too early, the example still holds.
        def wait_until_stalled(client)
          looks = []
          eventually { looks.push(client.unread).last(10).tally.values.first == 10 }
        end

        it "free the worker during an upload" do
          server = serve(Apps::Uploads)
          client = connect(server).send_head("POST", target("report"), "content-length" => 10)
          client.write("abc")
          expect(rendezvous.next.text).to eq("reading")
          client.public_send(way)
          expect(rendezvous.next.text).to eq("[Kino::DisconnectedError, IOError]")
          expect_free(server, "/read")
        end

        it "free the worker during a chunked upload" do
          server = serve(Apps::Uploads)
          client = connect(server).send_head("POST", target("report"), "transfer-encoding" => "chunked")
          client.send_chunk("abc")
          expect(rendezvous.next.text).to eq("reading")
          client.public_send(way)
          expect(rendezvous.next.text).to eq("[Kino::DisconnectedError, IOError]")
          expect_free(server, "/read")
        end

        it "free the worker during a download, and the body is closed" do
          server = serve(Apps::Bodies)
          client = connect(server).send_head("GET", target("endless"))
          expect(client.read_first_chunk).to start_with("start")
          rendezvous.next.answer
          client.public_send(way)
          expect([rendezvous.next.text, rendezvous.next.text]).to eq(%w[stopped closed])
          expect_free(server, "/array")
          expect(rendezvous.texts).to be_empty
        end

        it "free a worker that waits for them to read" do
          server = serve(Apps::Bodies)
          client = connect(server).send_head("GET", target("endless"))
          rendezvous.next.answer
          wait_until_stalled(client)
          client.public_send(way)
          expect([rendezvous.next.text, rendezvous.next.text]).to eq(%w[stopped closed])
          expect_free(server, "/array")
        end

        it "free the worker during a stream" do
          server = serve(Apps::Bodies)
          client = connect(server).send_head("GET", target("endless-stream"))
          expect(client.read_first_chunk).to start_with("start")
          client.public_send(way)
          expect(rendezvous.next.text).to eq("[Kino::DisconnectedError, IOError]")
          expect_free(server, "/array")
        end

        it "are reported to an app that asks for them" do
          server = serve(Apps::Blocking)
          client = connect(server).send_head("GET", target("wait-for-disconnect"))
          visitor = rendezvous.next
          client.public_send(way)
          visitor.answer
          expect(rendezvous.next.text).to eq("has left")
          expect_free(server, "/free")
        end

        it "are skipped if they were still waiting for a worker" do
          server = serve(Apps::Blocking)
          first = connect(server).send_head("GET", target("wait"))
          visitor = rendezvous.next
          second = connect(server).send_head("GET", target("wait"))
          eventually { server.stats[:queued] == 1 }
          second.public_send(way)
          eventually { server.stats[:connections] == 1 }
          visitor.answer("one")
          expect(first.read_response.body).to eq("one")
          first.close
          expect_free(server, "/free")
          expect(rendezvous.texts).to be_empty
        end
      end
    end
  end
end
