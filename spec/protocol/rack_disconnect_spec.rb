# frozen_string_literal: true

require "support/protocol"

module Protocol
  # Waits until its client has left.
  module Watchers
    extend Routes

    class << self
      def before_the_answer(env)
        watch(env)
        await(env)
        ok("to nobody")
      end

      def within_the_answer(env)
        watch(env)
        [200, HEADERS, lambda { |stream|
          stream << "begun"
          await(env)
          note(outcome { stream << "more" }.name)
        }]
      end

      # Waits only for the end of the request.
      def idle(env)
        watch(env)
        [200, HEADERS, lambda { |stream|
          stream << "begun"
          note(end_of(env, stream))
        }]
      end

      def queue(env)
        queue = Thread::Queue.new
        [200, HEADERS, lambda { |stream|
          stream << "begun"
          watcher = Thread.new { env["kino.request"].wait_disconnect && queue.close }
          note([queue.pop, watcher.value.equal?(queue)])
        }]
      end

      def waits(env)
        request = env["kino.request"]
        Ractor.current[:protocol_kept] = request
        note([request.wait_disconnect(0), outcome { request.wait_disconnect(-1) }])
        ok("here")
      end

      def kept(_env)
        note(Ractor.current[:protocol_kept].wait_disconnect)
        ok("over")
      end

      def raised(env)
        waiter = Thread.current
        note(outcome do
          Thread.new { waiter.raise(IOError, "no more") }
          env["kino.request"].wait_disconnect
        end)
        ok("raised")
      end

      def events(env)
        heartbeat = Float::INFINITY
        [200, Kino::EventStream::HEADERS.dup, Kino::EventStream.new(env["kino.request"], heartbeat:) do |events|
          events.push("one\ntwo", event: "kind", id: 7, retry_ms: 5)
          note([events.wait(0), events.wait(Float::INFINITY)])
        ensure
          note("cleaned up")
        end]
      end

      def heartbeats(env)
        [200, Kino::EventStream::HEADERS.dup, Kino::EventStream.new(env["kino.request"], heartbeat: 0.001) do |events|
          events.wait
        ensure
          note("cleaned up")
        end]
      end

      def hub(env)
        heartbeat = Float::INFINITY
        [200, Kino::EventStream::HEADERS.dup, Kino::EventStream.new(env["kino.request"], heartbeat:) do |events|
          Thread.new do
            3.times { |number| events << number }
            events.close
          end
          note([events.wait, events.push("late")])
        end]
      end

      def within_the_request(env)
        env["rack.input"].read
      rescue Kino::DisconnectedError
        note(env["kino.request"].disconnected?)
        raise
      end

      def here(env)
        [200, HEADERS, lambda { |stream|
          stream << env["kino.request"].disconnected?.to_s
          stream << stream.read(1)
          stream << env["kino.request"].disconnected?.to_s
        }]
      end

      private

      # Sends the reason to the client if the server is stopping.
      def end_of(env, stream)
        ended = env["kino.request"].wait_disconnect
        stream << ended.to_s if ended == :stopping
        ended
      end

      def await(env)
        Thread.pass until env["kino.request"].disconnected?
        note("left")
      end
    end
  end
end

RSpec.describe "client disconnects" do
  in_both_modes do
    before { serve(Protocol::Watchers) }

    %i[close reset].each do |how|
      it "are detected before the response (#{how})" do
        client = connect.write(Protocol.get("/before-the-answer"))
        await_stats(in_flight: 1)
        client.public_send(how)
        expect(notes.first).to eq("left")
        await_stats(in_flight: 0, disconnects: 1)
        expect(log).to eq("")
      end

      it "are detected during the response, and writing raises (#{how})" do
        client = connect.write(Protocol.get("/within-the-answer"))
        client.read_head
        client.read_chunk
        client.public_send(how)
        expect(notes.first(2)).to eq(%w[left Kino::DisconnectedError])
        await_stats(in_flight: 0, disconnects: 1)
        expect(log).to eq("")
      end

      it "wake a stream that waits for a disconnect (#{how})" do
        client = connect.write(Protocol.get("/idle"))
        client.read_head
        client.read_chunk
        client.public_send(how)
        expect(notes.first).to eq(:disconnected)
        await_stats(in_flight: 0, disconnects: 1)
      end

      it "end an idle event stream (#{how})" do
        client = connect.write(Protocol.get("/events"))
        expect(client.read_head["content-type"]).to eq("text/event-stream")
        expect(client.read_chunk).to eq("event: kind\nid: 7\nretry: 5\ndata: one\ndata: two\n\n")
        client.public_send(how)
        expect(notes).to eq([[true, false], "cleaned up"])
      end
    end

    it "are detected by heartbeats" do
      client = connect.write(Protocol.get("/heartbeats"))
      client.read_head
      2.times { expect(client.read_chunk).to eq(":\n\n") }
      client.close
      expect(notes).to eq(["cleaned up"])
    end

    it "are not reported by a wait of zero seconds, or after the request" do
      expect(connect.get("/waits").body).to eq("here")
      expect(connect.get("/kept").body).to eq("over")
      expect(notes).to eq([[nil, Kino::Error], :finished])
    end

    { "/idle" => "stopping", "/events" => nil }.each do |path, last|
      it "are not needed to end a wait when the server stops, #{path}" do
        serve(Protocol::Watchers, shutdown_timeout: 3600)
        client = connect.write(Protocol.get(path))
        client.read_head
        client.read_chunk
        stopping = Thread.new { server.shutdown }
        expect(client.read_chunk).to eq(last)
        expect(client.read_chunk).to be_nil if last
        expect(stopping.value).to be(server)
      end
    end

    it "are detected while the app reads the request" do
      client = connect.write(Protocol.request("POST", "/within-the-request", "Content-Length: 5"))
      await_stats(in_flight: 1)
      client.close
      expect(notes).to eq([true])
    end

    it "are not reported while the client stays" do
      client = connect.write(Protocol.request("POST", "/here", "Content-Length: 1"))
      client.read_head
      expect(client.read_chunk).to eq("false")
      expect(client.write("x").read_chunk + client.read_chunk).to eq("xfalse")
      expect(client.read_chunk).to be_nil
      expect(server.stats[:disconnects]).to eq(0)
    end

    it "remove requests that wait in the queue" do
      busy = connect.write(Protocol.request("POST", "/here", "Content-Length: 1"))
      busy.read_head
      queued = connect.write(Protocol.get("/before-the-answer"))
      await_stats(queued: 1)
      queued.close
      await_stats(disconnects: 1)
      busy.write("x")
      expect(notes - ["left", ["finished", true, 200, "Kino::DisconnectedError"],
                      ["finished", true, 200, nil]]).to eq([])
    end
  end

  # On Ruby 3.4 a Ractor has one thread.
  [:threaded, (:ractor if RUBY_VERSION >= "4.0")].compact.each do |mode|
    context "with several threads in #{mode} mode" do
      let(:mode) { mode }

      before { serve(Protocol::Watchers) }

      it "are detected by a second thread of the stream" do
        client = connect.write(Protocol.get("/queue"))
        client.read_head
        client.read_chunk
        client.close
        expect(notes).to eq([[nil, true]])
      end

      it "aside, events that other threads push reach the client" do
        expect(connect.get("/hub").body).to eq("data: 0\n\ndata: 1\n\ndata: 2\n\n")
        expect(notes).to eq([[false, false]])
      end

      it "can be waited for until another thread raises an exception" do
        connect.get("/raised")
        expect(notes).to eq([IOError])
      end
    end
  end
end
